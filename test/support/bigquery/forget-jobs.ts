import { DatabaseSync } from "node:sqlite";

/** Answers that a client may still be reading. */
const KEPT_JOBS = 5;

/**
 * Takes finished jobs out of the emulator's database, while it is not running. It keeps each answer for ever, as a table of
 * a dataset of its own, reads them all at its next start, and looks at them all in every statement.
 */
export function forgetJobs(path: string): void {
  const db = new DatabaseSync(path);
  try {
    const projects = db.prepare("select id, datasetIDs, jobIDs from projects").all();
    db.exec("begin");
    for (const project of projects) {
      const jobs = listIn(project.jobIDs);
      const gone = new Set(jobs.slice(0, -KEPT_JOBS));
      const kept = (ids: readonly string[]) => ids.filter((id) => !gone.has(id));
      db.prepare("update projects set datasetIDs = ?, jobIDs = ? where id = ?").run(
        listOf(kept(listIn(project.datasetIDs))),
        listOf(kept(jobs)),
        String(project.id),
      );
      for (const id of gone) {
        db.prepare("delete from jobs where id = ?").run(id);
        // An answer's dataset, and the table in it, are called as its job.
        if (db.prepare("delete from datasets where id = ?").run(id).changes === 0) continue;
        db.prepare("delete from tables where datasetID = ?").run(id);
        const table = `${textIn(project.id)}_${textIn(id)}_${textIn(id)}`;
        db.prepare("delete from googlesqlite_catalog where name = ?").run(table);
        db.exec(`drop table if exists "${table.replaceAll('"', '""')}"`);
      }
    }
    db.exec("commit");
  } finally {
    db.close();
  }
}

// Cells are base64 of {"header": type, "body": value}; a list's body is JSON of such cells.
const bodyOf = (cell: unknown): string => {
  const { body }: { body?: unknown } = JSON.parse(Buffer.from(String(cell), "base64").toString());
  return String(body);
};
const textIn = bodyOf;
const listIn = (cell: unknown): string[] =>
  cell === null ? [] : (JSON.parse(bodyOf(cell)) as unknown[]).map((one) => String(one));
const listOf = (cells: readonly string[]): string =>
  Buffer.from(JSON.stringify({ header: "array", body: JSON.stringify(cells) })).toString("base64");
