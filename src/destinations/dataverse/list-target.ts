import { z } from "zod";
import type { Change } from "../../core/change.ts";
import type { BatchResult } from "../../core/result.ts";
import type { Batch, Target, TargetCtx, TargetSync } from "../connector.ts";
import { delivered, type Fates } from "../fates.ts";
import type { DataverseAccount } from "./account.ts";
import { apiPath, maxBatchBytes, sendBatch } from "./batch.ts";
import { readError, refusal, saysGone } from "./errors.ts";
import { done, resultMissing } from "./fates.ts";
import { findOrCreateList, listId } from "./lists.ts";
import { idColumn, identityOf, identityOptions } from "./options.ts";
import { keyOf } from "./rows.ts";
import { assertTarget, idOf, writeRows } from "./write.ts";

const options = z.strictObject({
  /** The marketing list's name or id. */
  list: z.string().trim().min(1),
  table: z.enum(["contacts", "accounts", "leads"]).default("contacts"),
  /** Make a static list when none has this name. */
  create: z.boolean().default(true),
  /** Make rows that are not there; else they are rejected as NOT_FOUND. */
  create_records: z.boolean().default(true),
  ...identityOptions,
});
type ListOptions = z.output<typeof options>;
type ListCtx = TargetCtx<DataverseAccount, ListOptions>;

/** Members of a static marketing list: rows are written first, as by the target `record`, and then put into the list. */
export const list: Target<DataverseAccount, ListOptions> = {
  description: "Members of a static marketing list, with their row's columns",
  kind: "list",
  options,
  identifiers: [],
  needsMatch: true,
  fields: { known: {}, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "remove"],
  onlyIfEmpty: false,
  object: (to) => `list/${to.list}`,
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
  prepare: async (ctx) => ({ ...(await findOrCreateList(ctx, ctx.options)) }),
  send: (batch, ctx) => (batch.changes[0]?.op === "remove" ? leave(batch, ctx) : join(batch, ctx)),
};

function requests(to: ListOptions, sync: TargetSync): number {
  const cost = (rows: number) => Math.ceil(rows / to.rows_per_request);
  return cost(sync.plannedRows - sync.removes) * 2 + cost(sync.removes) * (sync.mode === "remove" ? 2 : 1);
}

async function join(batch: Batch, ctx: ListCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const { table, create_records } = ctx.options;
  const identity = identityOf(ctx.options, ctx.sync);
  const writes = create_records && !identity.byId ? "upsert" : "update";
  await writeRows(ctx, { table, identity, writes, idColumn: idColumn(table) }, batch.changes, fates);
  const ids = [...fates].flatMap(([seq, fate]) =>
    fate.status === "delivered" ? [{ seq, id: fate.externalId ?? null }] : [],
  );
  for (const { seq } of ids) fates.set(seq, resultMissing);
  await changeMembers(ctx, "AddMemberList", ids, fates);
  return done(batch.changes, fates);
}

async function leave(batch: Batch, ctx: ListCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const asked = batch.changes.filter((change) => change.externalId === undefined);
  const known = batch.changes.flatMap(({ seq, externalId }) =>
    externalId === undefined ? [] : [{ seq, id: externalId }],
  );
  await changeMembers(ctx, "RemoveMemberList", [...known, ...(await findIds(ctx, asked, fates))], fates);
  return done(batch.changes, fates);
}

/** Ids of rows that no earlier delivery told. Who is not there is in no list. */
async function findIds(
  ctx: ListCtx,
  changes: readonly Change[],
  fates: Fates,
): Promise<readonly { readonly seq: number; readonly id: string | null }[]> {
  const { table } = ctx.options;
  const identity = identityOf(ctx.options, ctx.sync);
  const column = idColumn(table);
  const requests = changes.flatMap((change) => {
    const found = keyOf(change.match, identity);
    if (!("key" in found)) fates.set(change.seq, found);
    const path = "key" in found ? `${apiPath(ctx)}/${table}(${found.key})?$select=${column}` : "";
    return path === ""
      ? []
      : [{ id: change.seq, method: "GET" as const, path, headers: { Accept: "application/json" } }];
  });
  const replies = await sendBatch(ctx, requests);
  assertTarget(table, [...replies.values()]);
  const rows: { seq: number; id: string | null }[] = [];
  for (const [seq, reply] of replies) {
    const error = readError(reply.body);
    if (reply.status === 200) rows.push({ seq, id: idOf(reply, column) });
    else fates.set(seq, saysGone(reply.status, error) ? delivered() : refusal(reply.status, error));
  }
  return rows;
}

/**
 * One action for each member, so that each has its own result.
 * https://learn.microsoft.com/en-us/dotnet/api/microsoft.crm.sdk.messages.addmemberlistrequest
 */
async function changeMembers(
  ctx: ListCtx,
  action: "AddMemberList" | "RemoveMemberList",
  rows: readonly { readonly seq: number; readonly id: string | null }[],
  fates: Fates,
): Promise<void> {
  const path = `${apiPath(ctx)}/lists(${listId(ctx.state)})/Microsoft.Dynamics.CRM.${action}`;
  const named = rows.flatMap(({ seq, id }) => (id === null ? [] : [{ seq, id }]));
  const replies = await sendBatch(
    ctx,
    named.map(({ seq, id }) => ({ id: seq, method: "POST" as const, path, json: { EntityId: id } })),
  );
  assertTarget("lists", [...replies.values()]);
  for (const { seq, id } of named) {
    const reply = replies.get(seq);
    if (reply === undefined) continue;
    const error = readError(reply.body);
    const good =
      (reply.status >= 200 && reply.status < 300) || (action === "RemoveMemberList" && saysGone(reply.status, error));
    fates.set(seq, good ? delivered(id) : refusal(reply.status, error));
  }
}
