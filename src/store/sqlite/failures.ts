import { dirname } from "node:path";
import { MillraceError, StoreFailed } from "../../core/errors.ts";
import { defect } from "../rules.ts";

/** What SQLite says, by primary result code, and what to do about it. https://www.sqlite.org/rescode.html */
const CAUSES: Readonly<Record<number, { readonly what: string; readonly mend: (path: string) => string }>> = {
  5: {
    what: "is locked by another process",
    mend: () => "End whatever keeps the file locked (a backup, a database browser), then run again.",
  },
  8: { what: "cannot be written", mend: (path) => `Make the file and its folder ${dirname(path)} writable.` },
  10: {
    what: "could not be read or written by the disk",
    mend: (path) => `Check the disk that holds ${path}; nothing of this write was kept.`,
  },
  11: { what: "is damaged", mend: (path) => restore(path) },
  13: {
    what: "could not grow: the disk is full",
    mend: (path) =>
      `Free space on the disk that holds ${path}, then run \`millrace resume\`; nothing of this write was kept.`,
  },
  14: {
    what: "cannot be opened",
    mend: (path) => `Make the folder ${dirname(path)} exist and writable, or set another \`store:\` in millrace.yml.`,
  },
  26: { what: "is not a store: it is no SQLite database", mend: (path) => restore(path) },
};

/** The mend for a file that cannot be read any more. */
export const restore = (path: string): string =>
  `Restore it from a backup, or move ${path} (with its -wal and -shm) away; the next run then says how to go on from the warehouse's own state.`;

/** Turns whatever went wrong with the file into a StoreFailed that names it; our own errors pass. */
export function storeFailure(error: unknown, path: string): Error {
  if (error instanceof MillraceError) return error;
  if (!(error instanceof Error)) return defect(`The store threw ${typeof error}.`);
  const code = "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : null;
  const known = code === null ? undefined : CAUSES[code];
  if (known) {
    return new StoreFailed(`The control store ${path} ${known.what}.`, { hint: known.mend(path), cause: error });
  }
  const errno = "code" in error && typeof error.code === "string" ? error.code : "";
  if (errno === "ERR_INVALID_STATE") return defect(`The control store ${path} is closed.`);
  if (/^E[A-Z]+$/.test(errno)) {
    return new StoreFailed(`The folder of the control store ${path} cannot be used (${errno}).`, {
      hint: `Make the folder ${dirname(path)} exist and writable, or set another \`store:\` in millrace.yml.`,
      cause: error,
    });
  }
  return new StoreFailed(`The control store ${path} cannot be used: ${error.message}`, {
    hint: restore(path),
    cause: error,
  });
}
