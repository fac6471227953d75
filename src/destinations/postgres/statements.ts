import type { Value } from "../../core/value.ts";
import type { TableName } from "./options.ts";

/** A statement with its parameters, $1, $2, … */
export interface Statement {
  readonly text: string;
  readonly values: readonly (readonly (string | null)[])[];
}

/** A column's type without its modifiers, and whether it is an array. */
export interface ColumnInfo {
  readonly type: string;
  readonly isArray: boolean;
}

export type Columns = ReadonlyMap<string, ColumnInfo>;

/** Rows that all hold the same columns. */
export interface Rows {
  readonly match: readonly string[];
  readonly fields: readonly string[];
  readonly rows: readonly Readonly<Record<string, Value>>[];
}

export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const relation = (name: TableName): string => `${quote(name.schema)}.${quote(name.table)}`;

/**
 * One insert for all rows: an array per column, so that the statement has few parameters however many the rows.
 * `onlyIfEmpty` fields keep what is there unless it is NULL.
 */
export function upsert(
  into: TableName,
  { match, fields, rows }: Rows,
  columns: Columns,
  onConflict: "update" | "nothing",
  onlyIfEmpty: readonly string[],
): Statement {
  const all = [...match, ...fields];
  const set = fields.map((name) => {
    const given = `excluded.${quote(name)}`;
    return `${quote(name)} = ${onlyIfEmpty.includes(name) ? `coalesce(have.${quote(name)}, ${given})` : given}`;
  });
  const action =
    onConflict === "nothing" || set.length === 0
      ? "on conflict do nothing"
      : `on conflict (${match.map(quote).join(", ")}) do update set ${set.join(", ")}`;
  return {
    text:
      `insert into ${relation(into)} as have (${all.map(quote).join(", ")}) ` +
      `select ${typed(all, columns)} from ${unnest(all)} ${action}`,
    values: arrays(all, rows, columns),
  };
}

/** Returns `n`, from 1, of the rows that were there. */
export function update(
  into: TableName,
  { match, fields, rows }: Rows,
  columns: Columns,
  onlyIfEmpty: readonly string[],
): Statement {
  const all = [...match, ...fields];
  // Without fields there is still the question whether the row is there.
  const targets = fields.length > 0 ? fields : match;
  const set = targets.map((name) => {
    const given = cast(all.indexOf(name), columns.get(name));
    return `${quote(name)} = ${onlyIfEmpty.includes(name) ? `coalesce(have.${quote(name)}, ${given})` : given}`;
  });
  return {
    text:
      `update ${relation(into)} as have set ${set.join(", ")} from ${unnest(all)} ` +
      `where ${matching(match, columns)} returning given.n`,
    values: arrays(all, rows, columns),
  };
}

export function remove(from: TableName, { match, rows }: Rows, columns: Columns): Statement {
  return {
    text: `delete from ${relation(from)} as have using ${unnest(match)} where ${matching(match, columns)}`,
    values: arrays(match, rows, columns),
  };
}

const unnest = (names: readonly string[]): string =>
  `unnest(${names.map((_, i) => `$${i + 1}::text[]`).join(", ")}) with ordinality as given(${names
    .map((_, i) => `c${i}`)
    .join(", ")}, n)`;

/**
 * Through the type without its modifiers: a cast to varchar(3) would cut the text silently, while assigning to such a
 * column refuses it. Source: https://www.postgresql.org/docs/current/datatype-character.html
 */
const cast = (i: number, column: ColumnInfo | undefined): string =>
  column === undefined ? `given.c${i}` : `given.c${i}::${column.type}`;

const typed = (names: readonly string[], columns: Columns): string =>
  names.map((name, i) => cast(i, columns.get(name))).join(", ");

const matching = (match: readonly string[], columns: Columns): string =>
  match.map((name, i) => `have.${quote(name)} = ${cast(i, columns.get(name))}`).join(" and ");

function arrays(names: readonly string[], rows: Rows["rows"], columns: Columns): (string | null)[][] {
  return names.map((name) => rows.map((row) => asText(row[name] ?? null, columns.get(name)?.isArray === true)));
}

function asText(value: Value, isArray: boolean): string | null {
  if (value === null) return null;
  if (typeof value !== "object") return String(value);
  return isArray && Array.isArray(value) ? arrayLiteral(value) : JSON.stringify(value);
}

/** Source: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
function arrayLiteral(items: readonly Value[]): string {
  const parts = items.map((item) => {
    if (item === null) return "NULL";
    if (Array.isArray(item)) return arrayLiteral(item);
    const text = typeof item === "object" ? JSON.stringify(item) : String(item);
    return `"${text.replace(/["\\]/g, "\\$&")}"`;
  });
  return `{${parts.join(",")}}`;
}
