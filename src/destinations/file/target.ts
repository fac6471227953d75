import { join } from "node:path";
import type { z } from "zod";
import type { Change } from "../../core/change.ts";
import type { RowResult } from "../../core/result.ts";
import type { Mode } from "../../core/sync.ts";
import type { Batch, Target, TargetCtx } from "../connector.ts";
import { accountFolder, type FileAccount } from "./account.ts";
import { ensureFolder, writeWhole } from "./disk.ts";
import { type Layout, layoutOf, type PartNote, partOf, rawExtension } from "./layout.ts";
import { columnsOf, contentsOf, type FileOptions, type Format, keyColumn } from "./options.ts";
import { misfit } from "./parquet.ts";
import { publishChanges, publishSnapshot } from "./publish.ts";
import { type FileRow, heading, render, toRow } from "./rows.ts";

const allModes: readonly Mode[] = ["mirror", "upsert", "insert", "update", "append", "remove"];

/** A part is built in memory, so this bounds it. */
const maxPartRows = 10_000;
const maxPartBytes = 64 * 1024 * 1024;

type Ctx = TargetCtx<FileAccount, FileOptions>;

/** Files of one format: a snapshot that is replaced as a whole, or a folder of parts per run. */
export function fileTarget(
  format: Format,
  description: string,
  options: z.ZodType<FileOptions>,
): Target<FileAccount, FileOptions> {
  return {
    description,
    kind: "stream",
    options,
    identifiers: [],
    needsMatch: false,
    fields: { known: {}, others: "allowed" },
    ops: ["add", "update", "remove"],
    modes: allModes,
    onlyIfEmpty: false,
    object: (to) => `${format}/${to.path}`,
    shape(to, sync) {
      columnsOf(to, sync);
      return {
        batch: { maxRows: maxPartRows, maxBytes: maxPartBytes, mixedOps: true },
        resend: "idempotent",
        outcome: "per-row",
        contents: contentsOf(to, sync),
      };
    },
    send: (batch, ctx) => send(format, batch, ctx),
    async finish(ctx) {
      const contents = contentsOf(ctx.options, ctx.sync);
      const layout = layoutOf(ctx.account, ctx.options, contents, ctx.sync);
      const publish = contents === "snapshot" ? publishSnapshot : publishChanges;
      await publish(layout, format, ctx.options, ctx.sync);
    },
    async describe(batch, ctx) {
      const contents = contentsOf(ctx.options, ctx.sync);
      const layout = layoutOf(ctx.account, ctx.options, contents, ctx.sync);
      return [`write ${batch.changes.length} rows (${columnsOf(ctx.options, ctx.sync).join(", ")}) to ${layout.final}`];
    },
  };
}

/** A part per batch, named by its seq range: sending it again writes the same part again. */
async function send(format: Format, batch: Batch, ctx: Ctx) {
  ctx.signal.throwIfAborted();
  const contents = contentsOf(ctx.options, ctx.sync);
  const layout = layoutOf(ctx.account, ctx.options, contents, ctx.sync);
  await ensureFolder(accountFolder(ctx.account));
  const columns = columnsOf(ctx.options, ctx.sync);
  const key = keyColumn(ctx.options, ctx.sync);
  const results: RowResult[] = [];
  const rows: FileRow[] = [];
  const kept: Change[] = [];
  for (const change of batch.changes) {
    const row = toRow(change, columns, key);
    const column = misfit(row, ctx.options.types ?? {});
    if (column !== null) {
      results.push({
        seq: change.seq,
        status: "rejected",
        code: "TYPE_MISMATCH",
        message: `${column} does not fit its type ${ctx.options.types?.[column]}`,
      });
      continue;
    }
    results.push({ seq: change.seq, status: "delivered" });
    // Who left is simply not in a snapshot.
    if (contents === "snapshot" && change.op === "remove") continue;
    rows.push(row);
    kept.push(change);
  }
  if (contents === "changes" || batch.fromSeq > ctx.sync.removes)
    await writePart(format, batch, layout, ctx, rows, kept);
  return { state: "done" as const, rows: results };
}

async function writePart(
  format: Format,
  batch: Batch,
  layout: Layout,
  ctx: Ctx,
  rows: readonly FileRow[],
  kept: readonly Change[],
): Promise<void> {
  const columns = columnsOf(ctx.options, ctx.sync);
  const contents = contentsOf(ctx.options, ctx.sync);
  const body = render(format, rows, columns, ctx.options);
  const head = contents === "changes" ? heading(format, columns, ctx.options) : "";
  const count = (op: Change["op"]) => kept.filter((change) => change.op === op).length;
  const note: PartNote = {
    rows: rows.length,
    longestRowBytes: format === "parquet" ? longestLine(body) : 0,
    add: count("add"),
    update: count("update"),
    remove: count("remove"),
  };
  const folder = contents === "changes" && format !== "parquet" ? layout.final : layout.parts;
  await writeWhole(join(layout.parts, `${partOf(batch)}.json`), [JSON.stringify(note)]);
  await writeWhole(join(folder, `${partOf(batch)}.${rawExtension(format)}`), [head, body]);
}

function longestLine(text: string): number {
  let longest = 0;
  for (const line of text.split("\n")) longest = Math.max(longest, Buffer.byteLength(line));
  return longest;
}
