import { randomUUID } from "node:crypto";
import { type Answer, error, type Json, ok } from "./answers.ts";

/**
 * As the API names the types of fields, in either case → as the emulator knows them. It knows no names of DDL, such as `varchar(16)`.
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#TableFieldSchema.FIELDS.type
 */
const fieldTypes = new Map<string, string>([
  ...["STRING", "BYTES", "INTEGER", "FLOAT", "BOOLEAN", "TIMESTAMP", "DATE", "TIME", "DATETIME"].map(itself),
  ...["GEOGRAPHY", "NUMERIC", "BIGNUMERIC", "JSON", "RECORD", "RANGE"].map(itself),
  ["INT64", "INTEGER"],
  ["FLOAT64", "FLOAT"],
  ["BOOL", "BOOLEAN"],
  ["STRUCT", "RECORD"],
]);

function itself(name: string): [string, string] {
  return [name, name];
}

/** Says in a load job's configuration what BigQuery would take for granted. Gives its refusal, if it would refuse it. */
export function completeLoad(load: Json): Answer | null {
  load.sourceFormat ??= "CSV";
  for (const field of load.schema?.fields ?? []) {
    const type = fieldTypes.get(String(field.type).toUpperCase());
    if (type === undefined) return error(400, "invalid", `Invalid value for type: ${field.type} is not a valid value`);
    field.type = type;
  }
  return null;
}

/** Both parts of an upload as one request, which is the way that the emulator takes them. */
export function multipart(metadata: Json, rows: Buffer): { readonly body: Buffer; readonly contentType: string } {
  const bound = `b_${randomUUID()}`;
  const head = `--${bound}\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(metadata)}\r\n--${bound}\r\ncontent-type: application/octet-stream\r\n\r\n`;
  return {
    body: Buffer.concat([Buffer.from(head), rows, Buffer.from(`\r\n--${bound}--`)]),
    contentType: `multipart/related; boundary=${bound}`,
  };
}

/** A job without a state is one that has not begun: Google's Python client would begin it again. */
export function done(loaded: Answer): Answer {
  const job: Json = JSON.parse(loaded.body.toString());
  return ok({ ...job, status: { state: "DONE", ...job.status } });
}
