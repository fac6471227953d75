import { parse } from "csv-parse/sync";
import type { Row } from "../../core/value.ts";
import { empty, text, violated } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { answered, breach, type Instance, nextId, refused, textOf } from "./instance.ts";
import { writeLead } from "./leads.ts";

const MAX_FILE = 10_485_760;
const MAX_QUEUED = 10;

/** POST /bulk/v1/leads.json: applied at once, reported when it has been polled often enough. */
export function startImport(instance: Instance, call: Call): Answer {
  const { kept, config, misbehaviour } = instance;
  if (call.body.length > MAX_FILE) return violated(empty(413), "more than 10 MB");
  if (call.query.get("format") !== "csv") return breach("format must be csv here", "1003");
  const file = fileOf(call);
  if (file === null) return breach("no multipart/form-data with a file", "613");
  const waiting = Object.values(kept.data.imports).filter((one) => one.polls > 0).length;
  if (waiting >= MAX_QUEUED) return refused("1016", "Too many imports");
  const list = call.query.get("listId");
  const members = list === null ? undefined : kept.data.lists[list];
  if (list !== null && members === undefined) return refused("1013", "Object not found");
  const [columns = [], ...rows] = parse(file, { bom: true, skip_empty_lines: true });
  const unknown = columns.find((name) => !Object.hasOwn(config.fields, name));
  if (unknown !== undefined) return refused("1006", `Field '${unknown}' not found`);
  const fate = misbehaviour.forJob("marketo", call);
  const id = nextId(instance);
  const failures: string[][] = [];
  const imported: string[] = [];
  const joined = new Set(members);
  for (const row of fate.lost || fate.fail !== undefined ? [] : rows) {
    // An empty cell says nothing.
    const one: Row = Object.fromEntries(
      columns.map((name, at) => [name, row[at] ?? ""]).filter(([, value]) => value !== ""),
    );
    const result = writeLead(instance, one, "createOrUpdate", call.query.get("lookupField") ?? "email");
    if (typeof result.id !== "number") failures.push([...row, JSON.stringify(result.reasons)]);
    else {
      imported.push(textOf(result.id));
      joined.add(result.id);
    }
  }
  if (list !== null) kept.data.lists[list] = [...joined];
  if (!fate.lost) {
    kept.data.imports[String(id)] = {
      polls: fate.polls ?? config.import_polls,
      failed: fate.fail !== undefined,
      processed: imported.length,
      failures,
      columns,
    };
  }
  return answered([{ batchId: id, importId: String(id), status: "Queued", numOfLeadsProcessed: 0 }], { imported });
}

/** The file of a form that has one; null: no form, or none. */
function fileOf(call: Call): string | null {
  const boundary = /^multipart\/form-data;\s*boundary="?([^";]+)"?$/.exec(call.headers["content-type"] ?? "")?.[1];
  if (boundary === undefined) return null;
  const parts = call.body.toString("utf8").split(`--${boundary}`);
  if (parts.length !== 3 || parts[2]?.trimEnd() !== "--") return null;
  const [head = "", ...rest] = (parts[1] ?? "").split("\r\n\r\n");
  return /content-disposition: form-data;.*name="file"/i.test(head) ? rest.join("\r\n\r\n").replace(/\r\n$/, "") : null;
}

export function importStatus({ kept }: Instance, call: Call): Answer {
  const batchId = Number(call.params.id);
  const one = kept.data.imports[call.params.id ?? ""];
  if (one === undefined) return refused("1003", "Invalid batchId");
  const counts = { numOfLeadsProcessed: 0, numOfRowsFailed: 0, numOfRowsWithWarning: 0 };
  if (one.polls > 0) {
    one.polls -= 1;
    return answered([{ batchId, status: "Importing", ...counts }]);
  }
  if (one.failed) return answered([{ batchId, status: "Failed", ...counts, message: "failed as told" }]);
  const done = { ...counts, numOfLeadsProcessed: one.processed, numOfRowsFailed: one.failures.length };
  return answered([{ batchId, status: "Complete", ...done }]);
}

/** GET …/failures.json: the rows as they were, with a column more. */
export function importFailures({ kept }: Instance, call: Call): Answer {
  const one = kept.data.imports[call.params.id ?? ""];
  if (one === undefined) return refused("1003", "Invalid batchId");
  const rows = [[...one.columns, "Import Failure Reason"], ...one.failures];
  const file = rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(",")).join("\n");
  return text(200, "text/csv", file);
}
