import { parse } from "csv-parse/sync";

/** RFC 4180 with LF. */
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
