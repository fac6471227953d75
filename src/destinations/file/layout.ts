import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { ContractError } from "../../core/errors.ts";
import type { Batch, TargetSync } from "../connector.ts";
import { accountFolder, type FileAccount } from "./account.ts";
import { list, readIfThere } from "./disk.ts";
import type { Contents, FileOptions, Format } from "./options.ts";

/** Where the files of one run lie. */
export interface Layout {
  readonly root: string;
  /** snapshot: the published file; changes: the folder of this run. */
  readonly final: string;
  /** Unfinished work of all runs of this object. */
  readonly workshop: string;
  /** Unfinished work of this run. Beside the final file, hence on the same disk: renames stay atomic. */
  readonly parts: string;
}

export function layoutOf(account: FileAccount, options: FileOptions, contents: Contents, sync: TargetSync): Layout {
  const root = accountFolder(account);
  const object = join(root, options.path);
  const run = encodeURIComponent(sync.runId);
  const workshop = join(dirname(object), ".parts", basename(object));
  return { root, workshop, final: contents === "snapshot" ? object : join(object, run), parts: join(workshop, run) };
}

const partName = /^part-(\d+)-(\d+)\.(csv|ndjson|parquet)$/;

const partNote = z.object({
  rows: z.number(),
  longestRowBytes: z.number(),
  add: z.number(),
  update: z.number(),
  remove: z.number(),
});

/** What is known of a part without reading it; kept beside it until the run is published. */
export type PartNote = z.infer<typeof partNote>;

export interface Part {
  /** part-1-1000 */
  readonly name: string;
  readonly file: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly note: PartNote;
}

export const rawExtension = (format: Format): string => (format === "parquet" ? "ndjson" : format);

export const partOf = (batch: Pick<Batch, "fromSeq" | "toSeq">): string => `part-${batch.fromSeq}-${batch.toSeq}`;

/** Parts of a run in order of seq. A part counts once its note and its file are there; the note is written first. */
export async function listParts(layout: Layout, folder: string, format: Format): Promise<Part[]> {
  const parts: Part[] = [];
  for (const file of await list(folder)) {
    const [, from, to, extension] = partName.exec(file) ?? [];
    if (from === undefined || to === undefined || extension !== rawExtension(format)) continue;
    const name = `part-${from}-${to}`;
    const note = await readIfThere(join(layout.parts, `${name}.json`));
    if (note === null) continue;
    const read = partNote.parse(JSON.parse(note));
    parts.push({ name, file: join(folder, file), fromSeq: Number(from), toSeq: Number(to), note: read });
  }
  parts.sort((a, b) => a.fromSeq - b.fromSeq);
  for (const [i, part] of parts.entries()) {
    const before = parts[i - 1];
    if (before === undefined || before.toSeq < part.fromSeq) continue;
    throw new ContractError(`two parts hold the same rows: ${before.name} and ${part.name}`, {
      hint: "Report this: batches of one run may not overlap.",
    });
  }
  return parts;
}
