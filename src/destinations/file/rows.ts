import { stringify } from "csv-stringify/sync";
import type { Change } from "../../core/change.ts";
import type { Value } from "../../core/value.ts";
import type { FileOptions, Format } from "./options.ts";

/** A row of the file: the columns it holds; a field that the payload left out is absent. */
export type FileRow = Readonly<Record<string, Value>>;

/** `columns` and `key` as of `columnsOf` and `keyColumn`. */
export function toRow(change: Change, columns: readonly string[], key: string | null): FileRow {
  const all: Record<string, Value> = { _op: change.op };
  if (key !== null) all[key] = change.key;
  Object.assign(all, change.match, change.fields);
  const row: Record<string, Value> = {};
  for (const name of columns) if (name in all) row[name] = all[name] ?? null;
  return row;
}

/** The rows as text in the format of a part. Parquet's parts are NDJSON until the end of the run. */
export function render(
  format: Format,
  rows: readonly FileRow[],
  columns: readonly string[],
  options: FileOptions,
): string {
  if (format === "csv")
    return csv(
      rows.map((row) => columns.map((name) => cell(row[name]))),
      options,
    );
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

/** What stands above the first row of a CSV file. */
export function heading(format: Format, columns: readonly string[], options: FileOptions): string {
  if (format !== "csv") return "";
  const bom = options.bom === true ? "\ufeff" : "";
  return options.header === false ? bom : bom + csv([columns.map(cell)], options);
}

/**
 * RFC 4180, with line feeds between records. NULL is an empty field and empty text is "", as in Postgres' COPY.
 * A line break inside a field is quoted whichever it is.
 */
function csv(rows: (string | null)[][], options: FileOptions): string {
  return stringify(rows, {
    delimiter: options.delimiter ?? ",",
    record_delimiter: "\n",
    quoted_match: /^$|[\r\n]/,
  });
}

const aNumber = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * A spreadsheet runs text that begins with = + - @ as a formula; an apostrophe in front makes it text again.
 * Source: https://owasp.org/www-community/attacks/CSV_Injection
 */
function cell(value: Value | undefined): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "object") return JSON.stringify(value);
  if (typeof value !== "string") return String(value);
  return /^[=+\-@]/.test(value) && !aNumber.test(value) ? `'${value}` : value;
}
