import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip } from "node:zlib";

/** Characters of one file: Snowflake loads several at once, best of 100 to 250 MB packed or less. */
const FILE_CHARACTERS = 256 * 1024 * 1024;
/** Characters that go to the packer at once. */
const CHUNK_CHARACTERS = 256 * 1024;

export interface Spool {
  /** An absolute path that matches all its files, with slashes. */
  readonly pattern: string;
  readonly rows: number;
  remove(): Promise<void>;
}

/** Writes lines to packed files in a private temporary folder: what PUT sends. Removes them if the source fails. */
export async function spool(lines: AsyncIterable<string>): Promise<Spool> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-load-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  const source = lines[Symbol.asyncIterator]();
  let rows = 0;
  let ended = false;

  async function* oneFile(): AsyncGenerator<string> {
    let text = "";
    for (let written = 0; written < FILE_CHARACTERS; ) {
      const next = await source.next();
      if (next.done) {
        ended = true;
        break;
      }
      rows += 1;
      written += next.value.length;
      text += next.value;
      if (text.length < CHUNK_CHARACTERS) continue;
      yield text;
      text = "";
    }
    if (text !== "") yield text;
  }

  try {
    for (let file = 1; !ended; file += 1) {
      const target = createWriteStream(join(folder, `${file}.csv.gz`), { mode: 0o600 });
      await pipeline(Readable.from(oneFile()), createGzip({ level: constants.Z_BEST_SPEED }), target);
    }
    return { pattern: `${folder.replaceAll("\\", "/")}/*.csv.gz`, rows, remove };
  } catch (cause) {
    await source.return?.();
    await remove();
    throw cause;
  }
}
