import { parse } from "csv-parse/sync";
import type { Value } from "../../core/value.ts";
import { fieldValue } from "./payload.ts";

/** How a bulk file says «make it empty»; an empty cell leaves the field as it is. https://developer.salesforce.com/docs/platform/api-asynch/guide/datafiles-prepare-csv.html */
export const nullCell = "#N/A";

/** undefined: the row has no such field. */
export function cell(value: Value | undefined): string {
  if (value === undefined) return "";
  const flat = fieldValue(value);
  return flat === null || flat === "" ? nullCell : String(flat);
}

/** RFC 4180 with LF, as the job is created with. */
export function toCsv(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return [columns, ...rows].map((row) => `${row.map(quote).join(",")}\n`).join("");
}

function quote(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows by column name; no row when the text is no CSV with a header. */
export function fromCsv(text: string): readonly Readonly<Record<string, string>>[] {
  if (text.trim() === "") return [];
  return parse(text, { columns: true, bom: true, skip_empty_lines: true, relax_column_count: true });
}
