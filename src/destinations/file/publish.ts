import { createReadStream, existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { Unavailable } from "../../core/delivery-errors.ts";
import type { TargetSync } from "../connector.ts";
import { list, measure, onDisk, readIfThere, type Written, writeWhole } from "./disk.ts";
import { type Layout, listParts, type Part } from "./layout.ts";
import { columnsOf, type FileOptions, type Format } from "./options.ts";
import { columnTypes, withDuckDb, writeParquet } from "./parquet.ts";
import { heading } from "./rows.ts";

const published = z.object({ run: z.string() });

/**
 * Puts the parts of a snapshot together and replaces the file in one step. The old file stays until then, and stays for
 * good if a part is missing: a file that lacks people must never look like one they left. May run twice for one run.
 */
export async function publishSnapshot(
  layout: Layout,
  format: Format,
  options: FileOptions,
  sync: TargetSync,
): Promise<void> {
  if (sync.plannedRows === 0) return;
  const marker = join(layout.workshop, "published.json");
  const parts = await listParts(layout, layout.parts, format);
  if (parts.length === 0 && sync.plannedRows > sync.removes) {
    const last = await readIfThere(marker);
    if (last !== null && published.parse(JSON.parse(last)).run === sync.runId) return;
  }
  assertWhole(parts, sync);
  const columns = columnsOf(options, sync);
  const written = await writeSnapshot(layout, format, options, columns, parts);
  const rows = parts.reduce((sum, part) => sum + part.note.rows, 0);
  await writeWhole(marker, [json({ run: sync.runId, rows, ...written })]);
  // Only now: a crash before this line finds all parts again and publishes the same file.
  await clear(layout, marker);
}

/** Writes the manifest, last: a folder without one is unfinished. May run twice for one run. */
export async function publishChanges(
  layout: Layout,
  format: Format,
  options: FileOptions,
  sync: TargetSync,
): Promise<void> {
  const raw = format === "parquet" ? layout.parts : layout.final;
  const parts = await listParts(layout, raw, format);
  if (parts.length === 0) return;
  const columns = columnsOf(options, sync);
  const target = (part: Part) => join(layout.final, `${part.name}.${format}`);
  if (format === "parquet") {
    await onDisk(layout.final, () => mkdir(layout.final, { recursive: true }));
    await withDuckDb(async (db) => {
      const types = await columnTypes(db, parts, columns, options.types ?? {});
      for (const part of parts) await writeParquet(db, [part], types, target(part));
    });
  }
  const files = [];
  for (const part of parts) {
    const { rows, add, update, remove } = part.note;
    const written = await onDisk(target(part), () => measure(target(part)));
    files.push({ name: basename(target(part)), rows, ...written, counts: { add, update, remove } });
  }
  const sum = (pick: (part: Part) => number) => parts.reduce((total, part) => total + pick(part), 0);
  const manifest = {
    sync: sync.name,
    run: sync.runId,
    planned_at: sync.createdAt.toISOString(),
    format,
    columns,
    rows: sum((part) => part.note.rows),
    bytes: files.reduce((total, file) => total + file.bytes, 0),
    counts: {
      add: sum((part) => part.note.add),
      update: sum((part) => part.note.update),
      remove: sum((part) => part.note.remove),
    },
    files,
  };
  await writeWhole(join(layout.final, "manifest.json"), [json(manifest)]);
  await clear(layout, null);
}

function assertWhole(parts: readonly Part[], sync: TargetSync): void {
  let next = sync.removes + 1;
  for (const part of parts) {
    if (part.fromSeq !== next) break;
    next = part.toSeq + 1;
  }
  if (next > sync.plannedRows) return;
  throw new Unavailable(`the snapshot is not whole: rows from ${next} of ${sync.plannedRows} were not written`, {
    hint: "The file published before is untouched. Mend what stopped the rows (see the run's results) and run the sync again.",
    context: { sync: sync.name, run: sync.runId, from: next },
  });
}

async function writeSnapshot(
  layout: Layout,
  format: Format,
  options: FileOptions,
  columns: readonly string[],
  parts: readonly Part[],
): Promise<Written> {
  if (format !== "parquet") return writeWhole(layout.final, joined(heading(format, columns, options), parts));
  await withDuckDb(async (db) => {
    const types = await columnTypes(db, parts, columns, options.types ?? {});
    await writeParquet(db, parts, types, layout.final);
  });
  return measure(layout.final);
}

async function* joined(head: string, parts: readonly Part[]): AsyncGenerator<string | Uint8Array> {
  if (head !== "") yield head;
  for (const part of parts) for await (const chunk of createReadStream(part.file)) yield chunk as Uint8Array;
}

/** Removes unfinished work, of runs that were given up too: two runs of one object are never under way at once. */
async function clear(layout: Layout, keep: string | null): Promise<void> {
  await onDisk(layout.workshop, async () => {
    // This run's parts go in one step: of a half-cleared folder, the run that a crash cut off here would take half for the whole.
    if (existsSync(layout.parts)) await rename(layout.parts, `${layout.parts}.done`);
    for (const name of await list(layout.workshop)) {
      const path = join(layout.workshop, name);
      if (path !== keep) await rm(path, { recursive: true, force: true });
    }
  });
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
