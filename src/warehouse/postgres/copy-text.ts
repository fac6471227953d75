import { StringDecoder } from "node:string_decoder";
import type { ColumnType } from "../../core/relation.ts";
import type { Value } from "../../core/value.ts";
import type { Reader } from "./cells.ts";

/** COPY's text format: https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS */
const NULL = "\\N";

const UNESCAPED: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
const ESCAPED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

const unescaped = (text: string): string =>
  text.includes("\\") ? text.replace(/\\(.)/gs, (_, char: string) => UNESCAPED[char] ?? char) : text;

/** A line of COPY … TO STDOUT as cells. */
export function cellsOf(line: string, readers: readonly Reader[]): Value[] {
  const fields = line.split("\t");
  return readers.map((read, i) => {
    const field = fields[i] ?? NULL;
    return field === NULL ? null : read(unescaped(field));
  });
}

/** Whole lines as they arrive; a line break inside a value is escaped, so every one ends a row. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly string[]> {
  const decoder = new StringDecoder("utf8");
  let unfinished: string[] = [];
  for await (const chunk of chunks) {
    const text = decoder.write(chunk);
    if (!text.includes("\n")) {
      unfinished.push(text);
      continue;
    }
    const lines = text.split("\n");
    lines[0] = unfinished.join("") + (lines[0] ?? "");
    unfinished = [lines.pop() ?? ""];
    yield lines;
  }
}

/** A value for COPY … FROM STDIN, as the text of its column's type. Bytes come as base64. */
export function fieldOf(value: Value | undefined, type: ColumnType): string {
  if (value === null || value === undefined) return NULL;
  if (typeof value === "number" && type !== "json") return String(value);
  if (type === "bytes") return `\\\\x${Buffer.from(String(value), "base64").toString("hex")}`;
  const text = type === "json" || typeof value === "object" ? JSON.stringify(value) : String(value);
  return /[\\\n\r\t]/.test(text) ? text.replace(/[\\\n\r\t]/g, (char) => ESCAPED[char] ?? char) : text;
}
