import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, readFile, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { TargetInvalid, Unavailable } from "../../core/delivery-errors.ts";
import { MillraceError } from "../../core/errors.ts";

/** A file's size and content, as a manifest tells them. */
export interface Written {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Writes a file so that readers, and a machine that loses power, see either the old one or the whole new one:
 * a temporary file beside it, flushed, then renamed, then the folder flushed.
 */
export async function writeWhole(
  path: string,
  chunks: Iterable<string> | AsyncIterable<string | Uint8Array>,
): Promise<Written> {
  const temporary = `${path}.tmp`;
  return onDisk(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, "w");
    const hash = createHash("sha256");
    let bytes = 0;
    try {
      for await (const chunk of chunks) {
        const data = typeof chunk === "string" ? Buffer.from(chunk, "utf8") : chunk;
        hash.update(data);
        await writeAll(file, data);
        bytes += data.byteLength;
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await putInPlace(temporary, path);
    return { bytes, sha256: hash.digest("hex") };
  });
}

/** Flushed already or not: after this the file is at `path`, whole, also after a power cut. */
export async function putInPlace(temporary: string, path: string): Promise<void> {
  await rename(temporary, path);
  await flushFolder(dirname(path));
}

export async function flushFile(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

export async function measure(path: string): Promise<Written> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(path)) {
    const data = chunk as Buffer;
    hash.update(data);
    bytes += data.byteLength;
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** The account's folder is made if only it is missing; a missing parent may be a disk that is not mounted. */
export async function ensureFolder(folder: string): Promise<void> {
  await onDisk(folder, async () => {
    if (await isFolder(folder)) return;
    await mkdir(folder).catch(async (error: unknown) => {
      // Batches are written at once, and another one's may have been quicker.
      if (!(await isFolder(folder))) throw error;
    });
  });
}

const isFolder = async (path: string): Promise<boolean> => (await stat(path).catch(() => null))?.isDirectory() === true;

/** Names in a folder; none if there is no folder. */
export async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw diskTrouble(error, folder);
  }
}

/** null: there is no such file. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw diskTrouble(error, path);
  }
}

export async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof MillraceError ? error : diskTrouble(error, path);
  }
}

/** ENOSPC, EROFS and their kin in words; nothing that was there before is touched when one of them strikes. */
export function diskTrouble(error: unknown, path: string): Error {
  const code = codeOf(error);
  const context = { path, error: code };
  const invalid = (message: string, hint: string) => new TargetInvalid(message, { hint, context, cause: error });
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return new Unavailable(`no space left to write ${path}`, {
        hint: "Free space on the disk, then `millrace resume`. What was published before is untouched.",
        context,
        cause: error,
      });
    case "EROFS":
    case "EACCES":
    case "EPERM":
      return invalid(`${path} may not be written (${code})`, "Let the user that runs millrace write there.");
    case "ENOENT":
      return invalid(`the folder of ${path} does not exist`, "Create it, or mount the disk that should hold it.");
    case "ENOTDIR":
    case "EEXIST":
      return invalid(`${path} cannot be made: a file is where a folder should be`, "Choose another path.");
    case "EISDIR":
    case "ENOTEMPTY":
      return invalid(`${path} is a folder, not a file`, "Choose another path, or move the folder away.");
    case "ENAMETOOLONG":
      return invalid(`${path} is too long a name for this disk`, "Choose a shorter path.");
    default:
      return new Unavailable(`${path} could not be written (${code})`, {
        hint: "Look at the disk; the delivery tries again.",
        context,
        cause: error,
      });
  }
}

async function writeAll(file: FileHandle, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.byteLength; ) {
    const { bytesWritten } = await file.write(data, at);
    at += bytesWritten;
  }
}

async function flushFolder(folder: string): Promise<void> {
  // Windows cannot open folders for flushing and keeps renames in its journal.
  if (process.platform === "win32") return;
  await flushFile(folder);
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : "UNKNOWN";
}
