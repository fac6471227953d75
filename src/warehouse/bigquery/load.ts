import { ColumnMissing } from "../../core/errors.ts";
import type { Column, Relation } from "../../core/relation.ts";
import type { Row, Value } from "../../core/value.ts";
import type { Dialect, SourceColumn } from "../dialect.ts";
import { join, raw, type Sql, sql } from "../sql.ts";
import { isIncomplete } from "./errors.ts";
import type { Job, JobRef, Jobs } from "./jobs.ts";
import { parsed } from "./json.ts";

/**
 * Up to here rows go as a parameter of an INSERT: one request, part of a transaction, and none of the 1,500 load jobs that a
 * table may have a day. https://cloud.google.com/bigquery/quotas#load_jobs
 */
export const INLINE_ROWS = 2_000;
export const INLINE_BYTES = 1_000_000;
/** A multiple of 256 KiB, as the protocol wants it. https://cloud.google.com/bigquery/docs/reference/api-uploads#resumable */
const CHUNK_BYTES = 8 * 1024 * 1024;

export function assertColumns(ref: Relation, target: readonly SourceColumn[], columns: readonly Column[]): void {
  for (const { name } of columns) {
    if (target.some((column) => column.name.toLowerCase() === name.toLowerCase())) continue;
    throw new ColumnMissing(`The table ${ref.schema}.${ref.name} has no column ${name} to load into.`, {
      hint: "The table is of another version: run the migrations, or drop it and let Millrace make it again.",
      context: { column: name, relation: `${ref.schema}.${ref.name}` },
    });
  }
}

/** A row as a line of NDJSON; times and numbers are texts that BigQuery reads as the column's type. */
export const lineOf = (row: Row, columns: readonly Column[]): string =>
  JSON.stringify(Object.fromEntries(columns.map(({ name, type }) => [name, written(row[name] ?? null, type)])));

function written(value: Value, type: Column["type"]): Value {
  if (value === null) return null;
  if (type === "json") return value;
  if (type === "timestamp" && typeof value === "string") return value.replace("T", " ").replace("Z", "+00");
  return typeof value === "object" ? JSON.stringify(value) : value;
}

/** The rows of pages in lots that one INSERT can carry. */
export async function* lotsOf(
  pages: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
  columns: readonly Column[],
  signal?: AbortSignal,
): AsyncGenerator<readonly Row[]> {
  let rows: Row[] = [];
  let bytes = 0;
  for await (const page of pages) {
    signal?.throwIfAborted();
    for (const row of page) {
      rows.push(row);
      bytes += lineOf(row, columns).length;
      if (rows.length < INLINE_ROWS && bytes < INLINE_BYTES) continue;
      yield rows;
      rows = [];
      bytes = 0;
    }
  }
  if (rows.length > 0) yield rows;
}

/** NDJSON, a lot at a time. */
export async function* linesOf(
  lots: AsyncIterable<readonly Row[]>,
  columns: readonly Column[],
): AsyncGenerator<string> {
  for await (const rows of lots) yield rows.map((row) => `${lineOf(row, columns)}\n`).join("");
}

/** A member of `r`, the text of a JSON list, as the column's type. */
function memberAs(type: Column["type"], dialect: Dialect, at: number): Sql {
  const path = raw(`'$[${at}]'`);
  const text = sql`json_value(r, ${path})`;
  switch (type) {
    case "text":
      return text;
    case "json":
      return parsed(text);
    case "bytes":
      return sql`from_base64(${text})`;
    default:
      return sql`cast(${text} as ${dialect.typeName(type)})`;
  }
}

/** One INSERT with the rows as one parameter, a list of lists in JSON. Scalars are texts there: JSON numbers would be doubles. */
export function insertOf(dialect: Dialect, target: Sql, columns: readonly Column[], rows: readonly Row[]): Sql {
  const names = join(columns.map(({ name }) => dialect.ident(name)));
  const lists = rows.map((row) =>
    columns.map(({ name, type }) => {
      const value = written(row[name] ?? null, type);
      return value === null ? null : type === "json" ? JSON.stringify(value) : String(value);
    }),
  );
  const values = join(columns.map(({ type }, i) => memberAs(type, dialect, i)));
  return sql`insert into ${target} (${names}) select ${values} from unnest(json_query_array(${JSON.stringify(lists)})) as r`;
}

/** A load job fed over a resumable upload: chunks are sent again where one was lost, and no job exists before the last. */
export async function upload(
  jobs: Jobs,
  ref: JobRef,
  configuration: object,
  lines: AsyncIterable<string>,
  signal?: AbortSignal,
): Promise<Job> {
  const { client } = jobs;
  const address = `${client.endpoint}/upload/bigquery/v2/projects/${jobs.settings.project}/jobs`;
  const begun = await client.request(
    {
      method: "POST",
      path: `${address}?uploadType=resumable`,
      json: jobs.resource(ref, configuration),
      headers: { "X-Upload-Content-Type": "application/octet-stream" },
    },
    signal,
  );
  const place = begun.headers.location;
  if (place === undefined) throw new Error("the upload has no address");
  let from = 0;
  const put = async (chunk: Buffer, last: boolean): Promise<void> => {
    const range = chunk.length === 0 ? "*" : `${from}-${from + chunk.length - 1}`;
    const total = last ? String(from + chunk.length) : "*";
    const headers = { "Content-Range": `bytes ${range}/${total}`, "Content-Type": "application/octet-stream" };
    try {
      await client.request({ method: "PUT", path: place, body: chunk, headers }, signal);
    } catch (cause) {
      // 308: taken, and more is expected.
      if (last || !isIncomplete(cause)) throw cause;
    }
    from += chunk.length;
  };
  let held: Buffer[] = [];
  let bytes = 0;
  for await (const text of lines) {
    const piece = Buffer.from(text);
    held.push(piece);
    bytes += piece.length;
    while (bytes >= CHUNK_BYTES) {
      signal?.throwIfAborted();
      const all = Buffer.concat(held);
      await put(all.subarray(0, CHUNK_BYTES), false);
      held = [all.subarray(CHUNK_BYTES)];
      bytes = all.length - CHUNK_BYTES;
    }
  }
  signal?.throwIfAborted();
  await put(Buffer.concat(held), true);
  return jobs.ended(await jobs.get(ref, signal), signal);
}
