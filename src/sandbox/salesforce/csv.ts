import { parse } from "csv-parse/sync";

const DELIMITERS = { COMMA: ",", TAB: "\t", PIPE: "|", SEMICOLON: ";", CARET: "^", BACKQUOTE: "`" } as const;
export type ColumnDelimiter = keyof typeof DELIMITERS;
export type LineEnding = "LF" | "CRLF";
export const columnDelimiters = Object.keys(DELIMITERS) as [ColumnDelimiter, ...ColumnDelimiter[]];

/** Header and rows of a job's CSV, or why Salesforce would fail the job. */
export function readCsv(
  text: string,
  delimiter: ColumnDelimiter,
  lineEnding: LineEnding,
): { readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] } | string {
  const crlf = /\r\n/.test(outsideQuotes(text));
  const newline = /\n/.test(text);
  if (newline && crlf !== (lineEnding === "CRLF")) {
    return `InvalidBatch : LineEnding is invalid on user data. Current LineEnding setting is ${lineEnding}`;
  }
  try {
    const all: string[][] = parse(text, {
      delimiter: DELIMITERS[delimiter],
      record_delimiter: lineEnding === "CRLF" ? "\r\n" : "\n",
      skip_empty_lines: true,
      bom: true,
    });
    const [header, ...rows] = all;
    if (header === undefined) return "InvalidBatch : The CSV has no header row";
    return { header, rows };
  } catch {
    return "InvalidBatch : The CSV cannot be read: rows and header differ in columns, or a quote is not closed";
  }
}

/** A result file as Salesforce writes them: every cell quoted, LF or CRLF as the job says. */
export function writeCsv(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  delimiter: ColumnDelimiter,
  lineEnding: LineEnding,
): string {
  const newline = lineEnding === "CRLF" ? "\r\n" : "\n";
  const line = (cells: readonly string[]) =>
    cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(DELIMITERS[delimiter]);
  return [header, ...rows].map((cells) => line(cells) + newline).join("");
}

function outsideQuotes(text: string): string {
  return text.includes('"') ? text.replaceAll(/"[^"]*"/g, "") : text;
}
