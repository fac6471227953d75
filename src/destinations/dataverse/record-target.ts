import { z } from "zod";
import type { BatchResult } from "../../core/result.ts";
import type { Batch, Target, TargetCtx, TargetSync } from "../connector.ts";
import { delivered, type Fates } from "../fates.ts";
import type { DataverseAccount } from "./account.ts";
import { apiPath, maxBatchBytes, sendBatch } from "./batch.ts";
import { tableColumns } from "./discover.ts";
import { readError, refusal, saysGone } from "./errors.ts";
import { done } from "./fates.ts";
import type { PartRequest } from "./multipart.ts";
import { idColumn, identityOf, identityOptions, tableName } from "./options.ts";
import { keyOf } from "./rows.ts";
import { assertTarget, writeRows } from "./write.ts";

const options = z.strictObject({
  table: tableName,
  ...identityOptions,
  /** Primary id column of a table we do not know: rows then can get a new key without being made again. */
  id_column: z.string().optional(),
});
type RecordOptions = z.output<typeof options>;
type RecordCtx = TargetCtx<DataverseAccount, RecordOptions>;

/** Rows of any table, found by an alternate key or by id, each with its own result. */
export const record: Target<DataverseAccount, RecordOptions> = {
  description: "Rows of any table (contacts, accounts, a table of your own), found by an alternate key or by id",
  kind: "records",
  options,
  identifiers: [],
  needsMatch: true,
  fields: { known: {}, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "insert", "update", "append", "remove"],
  movesMatch: (to, sync) =>
    (sync.mode === "mirror" || sync.mode === "upsert") && !to.by_id && idColumn(to.table, to.id_column) !== undefined,
  onlyIfEmpty: false,
  discover: (ctx) => tableColumns(ctx, ctx.options.table),
  discoversAll: true,
  object: (to) => to.table,
  shape(to, sync) {
    identityOf(to, sync);
    return {
      batch: { maxRows: to.rows_per_request, maxBytes: maxBatchBytes, mixedOps: true },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests,
  async send(batch, ctx) {
    if (batch.changes[0]?.op === "remove") return remove(batch, ctx);
    const fates: Fates = new Map();
    const { table, id_column } = ctx.options;
    const identity = identityOf(ctx.options, ctx.sync);
    const what = { table, identity, writes: batch.writes, idColumn: idColumn(table, id_column) };
    await writeRows(ctx, what, batch.changes, fates);
    return done(batch.changes, fates);
  },
};

function requests(to: RecordOptions, sync: TargetSync): number {
  const cost = (rows: number) => Math.ceil(rows / to.rows_per_request);
  return cost(sync.removes) + cost(sync.plannedRows - sync.removes);
}

async function remove(batch: Batch, ctx: RecordCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const identity = identityOf(ctx.options, ctx.sync);
  const requests: PartRequest[] = [];
  for (const change of batch.changes) {
    const found = keyOf(change.match, identity);
    const key = change.externalId ?? ("key" in found ? found.key : null);
    if (key === null && !("key" in found)) fates.set(change.seq, found);
    else requests.push({ id: change.seq, method: "DELETE", path: `${apiPath(ctx)}/${ctx.options.table}(${key})` });
  }
  const replies = await sendBatch(ctx, requests);
  assertTarget(ctx.options.table, [...replies.values()]);
  for (const [seq, { status, body }] of replies) {
    const error = readError(body);
    const gone = (status >= 200 && status < 300) || saysGone(status, error);
    fates.set(seq, gone ? delivered() : refusal(status, error));
  }
  return done(batch.changes, fates);
}
