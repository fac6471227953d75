import { randomUUID } from "node:crypto";
import type { Column, ColumnType, Relation } from "../../core/relation.ts";
import type { Row } from "../../core/value.ts";
import { abortError } from "../abort.ts";
import type { Dialect } from "../dialect.ts";
import { begin, commit } from "../script.ts";
import { join, raw, type Sql, sql } from "../sql.ts";
import { CSV_FORMAT, csvLine, fieldText } from "./csv.ts";
import { quoted } from "./literals.ts";
import { spool } from "./spool.ts";

/** How rows get into a table. `inserts`: never by a stage, for networks that keep its cloud storage out. */
export type Loads = "stage" | "inserts";

export interface Loading {
  readonly dialect: Dialect;
  readonly loads: Loads;
  readonly signal: AbortSignal | undefined;
  /** A transaction of the caller's is under way: the load is part of it. */
  readonly within: "transaction" | "nothing";
  send(list: readonly Sql[]): Promise<unknown>;
  /** Also after an abort; never fails. */
  clean(statement: Sql): Promise<void>;
}

/** Cells that one INSERT carries: below that a stage's three requests are the slower way. */
const INSERT_CELLS = 2_000;
/** Characters of one INSERT; its bound values end at 16 MB or so. */
const INSERT_CHARACTERS = 1_000_000;

type Fields = readonly (string | null)[];

/** A field of the file or of VALUES as its column wants it; texts that cannot be cast implicitly are told how. */
function converted(field: Sql, type: ColumnType): Sql {
  if (type === "json") return sql`parse_json(${field})`;
  if (type === "bytes") return sql`to_binary(${field}, 'BASE64')`;
  return field;
}

async function* fieldsOf(
  pages: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
  columns: readonly Column[],
  signal?: AbortSignal,
): AsyncGenerator<Fields> {
  for await (const page of pages) {
    if (signal?.aborted) throw abortError(signal);
    for (const row of page) yield columns.map(({ name, type }) => fieldText(row[name], type));
  }
}

/** A few rows go with the statement itself; more by way of files on the user's stage. Columns that are not named become NULL. */
export async function loadPages(
  loading: Loading,
  target: Relation,
  columns: readonly Column[],
  pages: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
): Promise<number> {
  const source = fieldsOf(pages, columns, loading.signal);
  const first = await batchOf(source, columns.length);
  if (first.last) return insert(loading, target, columns, first.rows);
  if (loading.loads === "stage") return copy(loading, target, columns, withFirst(first.rows, source));
  return insertAll(loading, target, columns, first.rows, source);
}

async function batchOf(source: AsyncGenerator<Fields>, width: number): Promise<{ rows: Fields[]; last: boolean }> {
  const rows: Fields[] = [];
  let characters = 0;
  while ((rows.length + 1) * width <= INSERT_CELLS && characters < INSERT_CHARACTERS) {
    const next = await source.next();
    if (next.done) return { rows, last: true };
    rows.push(next.value);
    characters += next.value.reduce((sum, field) => sum + (field?.length ?? 0), 0);
  }
  return { rows, last: false };
}

async function* withFirst(first: readonly Fields[], rest: AsyncIterable<Fields>): AsyncGenerator<string> {
  for (const fields of first) yield csvLine(fields);
  for await (const fields of rest) yield csvLine(fields);
}

const namesOf = (dialect: Dialect, columns: readonly Column[]): Sql =>
  join(columns.map(({ name }) => dialect.ident(name)));

async function insert(
  loading: Loading,
  target: Relation,
  columns: readonly Column[],
  rows: readonly Fields[],
): Promise<number> {
  const { dialect } = loading;
  if (rows.length === 0) {
    // An empty load must still say that there is no such table or column.
    await loading.send([sql`select ${namesOf(dialect, columns)} from ${dialect.relation(target)} where false`]);
    return 0;
  }
  await loading.send([insertOf(dialect, target, columns, rows)]);
  return rows.length;
}

function insertOf(dialect: Dialect, target: Relation, columns: readonly Column[], rows: readonly Fields[]): Sql {
  const values = rows.map((fields) => sql`(${join(fields.map((field) => sql`${field}`))})`);
  const fields = columns.map(({ type }, i) => converted(raw(`column${i + 1}`), type));
  return sql`insert into ${dialect.relation(target)} (${namesOf(dialect, columns)}) select ${join(fields)} from values ${join(values)}`;
}

/** Batch by batch, in a transaction of its own where there is none. */
async function insertAll(
  loading: Loading,
  target: Relation,
  columns: readonly Column[],
  first: readonly Fields[],
  rest: AsyncGenerator<Fields>,
): Promise<number> {
  const { dialect, within } = loading;
  const statement = (rows: readonly Fields[]) => insertOf(dialect, target, columns, rows);
  let loaded = first.length;
  await loading.send(within === "transaction" ? [statement(first)] : [begin, statement(first)]);
  try {
    for (let last = false; !last; ) {
      const batch = await batchOf(rest, columns.length);
      if (batch.rows.length > 0) await loading.send([statement(batch.rows)]);
      loaded += batch.rows.length;
      last = batch.last;
    }
    if (within === "nothing") await loading.send([commit]);
    return loaded;
  } catch (cause) {
    if (within === "nothing") await loading.clean(raw("rollback"));
    throw cause;
  }
}

/**
 * Files to the user's own stage, which needs no grant and no DDL, then one COPY: all or nothing by itself, and part of a
 * transaction. It removes the files; after a failure they are removed by hand, and else by Snowflake never.
 */
async function copy(
  loading: Loading,
  target: Relation,
  columns: readonly Column[],
  lines: AsyncIterable<string>,
): Promise<number> {
  const { dialect } = loading;
  const files = await spool(lines);
  const stage = raw(`@~/millrace/${randomUUID().replaceAll("-", "")}/`);
  try {
    await loading.send([
      sql`put ${raw(quoted(`file://${files.pattern}`))} ${stage} source_compression = gzip auto_compress = false overwrite = true parallel = 4`,
    ]);
    const plain = columns.every(({ type }) => type !== "json" && type !== "bytes");
    const fields = columns.map(({ type }, i) => converted(raw(`$${i + 1}`), type));
    const from = plain ? stage : sql`(select ${join(fields)} from ${stage})`;
    await loading.send([
      sql`copy into ${dialect.relation(target)} (${namesOf(dialect, columns)}) from ${from} file_format = ${raw(CSV_FORMAT)} on_error = abort_statement purge = true`,
    ]);
    return files.rows;
  } catch (cause) {
    await loading.clean(sql`remove ${stage}`);
    throw cause;
  } finally {
    await files.remove();
  }
}
