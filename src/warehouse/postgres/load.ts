import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { PoolClient } from "pg";
import copy from "pg-copy-streams";
import type { Column, Relation } from "../../core/relation.ts";
import type { Row } from "../../core/value.ts";
import type { Dialect } from "../dialect.ts";
import { join } from "../sql.ts";
import { fieldOf } from "./copy-text.ts";

/** Text that goes to the socket at once: enough to keep it busy, little enough to hold several. */
const CHUNK_CHARACTERS = 128 * 1024;

/** COPY … FROM STDIN: one statement, so all or nothing by itself. The server itself names a table or column that is missing. */
export async function copyPages(
  client: PoolClient,
  dialect: Dialect,
  ref: Relation,
  columns: readonly Column[],
  pages: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
  signal?: AbortSignal,
): Promise<number> {
  const names = join(columns.map(({ name }) => dialect.ident(name)));
  const source = Readable.from(encoded(pages, columns, signal), { objectMode: true, highWaterMark: 2 });
  const target = client.query(copy.from(`copy ${dialect.relation(ref).text} (${names.text}) from stdin`));
  await pipeline(source, target);
  return target.rowCount;
}

async function* encoded(
  pages: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
  columns: readonly Column[],
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  let text = "";
  for await (const page of pages) {
    signal?.throwIfAborted();
    for (const row of page) {
      let separator = "";
      for (const { name, type } of columns) {
        text += separator + fieldOf(row[name], type);
        separator = "\t";
      }
      text += "\n";
      if (text.length < CHUNK_CHARACTERS) continue;
      yield Buffer.from(text);
      text = "";
    }
  }
  if (text !== "") yield Buffer.from(text);
}
