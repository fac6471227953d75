import { z } from "zod";
import type { Change } from "../../core/change.ts";
import { ConfigError } from "../../core/errors.ts";
import type { RowFate } from "../../core/result.ts";
import type { Value } from "../../core/value.ts";
import type { Target, TargetCtx, TargetSync } from "../connector.ts";
import { delivered, type Fates, noIdentifier } from "../fates.ts";
import type { HubspotAccount } from "./account.ts";
import { callBlind, callJson } from "./api.ts";
import { batchReply } from "./batch-answer.ts";
import { type ApiError, errorFate, readError } from "./errors.ts";
import { done, resultMissing } from "./fates.ts";
import { type Found, findRecords, maxObjects } from "./lookup.ts";
import { objectName, objectScope, recordId } from "./objects.ts";
import { associationsPath } from "./paths.ts";
import { folded, identifier } from "./values.ts";

const options = z.strictObject({
  from: objectName,
  to: objectName,
  /** Unique properties that the values of `match` are of; record ids if left out. */
  from_property: z.string().default(recordId),
  to_property: z.string().default(recordId),
  /** An association type of the account's schema; the unlabelled default if left out. */
  label: z
    .strictObject({
      category: z.enum(["HUBSPOT_DEFINED", "USER_DEFINED", "INTEGRATOR_DEFINED"]),
      type_id: z.int().positive(),
    })
    .optional(),
});
type AssociationOptions = z.output<typeof options>;
type AssociationCtx = TargetCtx<HubspotAccount, AssociationOptions>;

/** HubSpot's guide allows 2,000 inputs; also https://docs.workato.com/en/connectors/hubspot/actions/associate-records-batch.html */
const maxPairs = 2_000;

interface Pair {
  readonly seq: number;
  readonly from: string;
  readonly to: string;
}

/** Links between two records, such as a contact's company; a removal ends the link and leaves both records. */
export const association: Target<HubspotAccount, AssociationOptions> = {
  description: "Associations between two records, plain or with a label; a removal ends the association only",
  kind: "list",
  options,
  identifiers: ["from", "to"],
  needsMatch: true,
  fields: { known: {}, others: "refused" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "append", "remove"],
  onlyIfEmpty: false,
  object: (to) => `association/${to.from}/${to.to}/${to.label === undefined ? "default" : to.label.type_id}`,
  shape(_to, sync) {
    if (sync.match.length > 0 && !(sync.match.includes("from") && sync.match.includes("to"))) {
      throw new ConfigError(`sync "${sync.name}": an association has two ends`, {
        hint: "Write `match: {from: <column>, to: <column>}`.",
      });
    }
    return {
      batch: { maxRows: maxPairs, mixedOps: true },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests,
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const removes = batch.changes[0]?.op === "remove";
    const pairs = await resolve(ctx, batch.changes, removes ? delivered() : endMissing, fates);
    if (pairs.length > 0) await (removes ? unlink(ctx, pairs, fates) : link(ctx, pairs, fates));
    return done(batch.changes, fates);
  },
};

function requests(to: AssociationOptions, sync: TargetSync): number {
  const ends = [to.from_property, to.to_property].filter((name) => name !== recordId).length;
  const cost = (rows: number) => Math.ceil(rows / maxPairs) + ends * Math.ceil(rows / maxObjects);
  return cost(sync.removes) + cost(sync.plannedRows - sync.removes);
}

/** Both ends as record ids. */
async function resolve(
  ctx: AssociationCtx,
  changes: readonly Change[],
  absent: RowFate,
  fates: Fates,
): Promise<readonly Pair[]> {
  const ends = changes.map((change) => ({
    seq: change.seq,
    from: identifier(change, "from"),
    to: identifier(change, "to"),
  }));
  const froms = await records(
    ctx,
    ctx.options.from,
    ctx.options.from_property,
    ends.map((end) => end.from),
  );
  const tos = await records(
    ctx,
    ctx.options.to,
    ctx.options.to_property,
    ends.map((end) => end.to),
  );
  const pairs: Pair[] = [];
  for (const { seq, from, to } of ends) {
    if (from === null || to === null) {
      fates.set(seq, noIdentifier);
      continue;
    }
    const [one, other] = [froms(from), tos(to)];
    if (one.kind === "one" && other.kind === "one") pairs.push({ seq, from: one.id, to: other.id });
    else fates.set(seq, one.kind === "unclear" || other.kind === "unclear" ? resultMissing : absent);
  }
  return pairs;
}

async function records(
  ctx: AssociationCtx,
  object: string,
  by: string,
  values: readonly (string | null)[],
): Promise<(value: string) => Found> {
  // Ids need no question: a wrong one shows in the answer.
  if (by === recordId) return (id) => ({ kind: "one", id, properties: {} });
  const found = await findRecords(
    ctx,
    { object, by },
    values.filter((value) => value !== null),
  );
  return (value) => found.get(folded(value)) ?? { kind: "unclear" };
}

const end = z.union([z.string(), z.number()]).transform(String);
const linked = z.union([
  z.object({ fromObjectId: end, toObjectId: end }).transform((pair) => [pair.fromObjectId, pair.toObjectId] as const),
  z
    .object({ from: z.object({ id: end }), to: z.object({ id: end }) })
    .transform((pair) => [pair.from.id, pair.to.id] as const),
]);

/** https://developers.hubspot.com/docs/api-reference/latest/crm/associations/associate-records/guide */
async function link(ctx: AssociationCtx, pairs: readonly Pair[], fates: Fates): Promise<void> {
  const { label } = ctx.options;
  const { body } = await callJson(ctx, {
    ...call(ctx, label === undefined ? "associate/default" : "create"),
    json: { inputs: pairs.map((pair) => ({ ...ends(pair), ...types(ctx) })) },
    expect: batchReply,
  });
  const answered = new Set(body.results.flatMap((raw) => nameOf(linked.safeParse(raw).data)));
  const refused = refusals((body.errors ?? []).map(readError));
  for (const pair of pairs) {
    const name = `${pair.from}/${pair.to}`;
    const error = refused.get(name);
    if (answered.has(name)) fates.set(pair.seq, delivered());
    else if (error !== undefined) fates.set(pair.seq, errorFate(error));
  }
}

/** Errors by pair. One that names a single end may be about any pair of it; both must be named to call a pair refused. */
function refusals(errors: readonly ApiError[]): ReadonlyMap<string, ApiError> {
  const byPair = new Map<string, ApiError>();
  for (const error of errors) {
    // An error about more records than a few says nothing about which of them belong together.
    if (error.ids.length > 4) continue;
    for (const from of error.ids) for (const to of error.ids) byPair.set(`${from}/${to}`, error);
  }
  return byPair;
}

const nameOf = (pair: readonly [string, string] | undefined): readonly string[] =>
  pair === undefined ? [] : [`${pair[0]}/${pair[1]}`];

/** 204: all are gone, also those that were never there. */
async function unlink(ctx: AssociationCtx, pairs: readonly Pair[], fates: Fates): Promise<void> {
  if (ctx.options.label === undefined) {
    const inputs = pairs.map(({ from, to }) => ({ from: { id: from }, to: [{ id: to }] }));
    await callBlind(ctx, { ...call(ctx, "archive"), json: { inputs } });
  } else {
    const inputs = pairs.map((pair) => ({ ...ends(pair), ...types(ctx) }));
    await callBlind(ctx, { ...call(ctx, "labels/archive"), json: { inputs } });
  }
  for (const { seq } of pairs) fates.set(seq, delivered());
}

function call(ctx: AssociationCtx, verb: string) {
  const { from, to } = ctx.options;
  return {
    method: "POST" as const,
    path: `${associationsPath(ctx.account, from, to)}/${verb}`,
    scope: `${objectScope(from, "write")} and ${objectScope(to, "write")}`,
  };
}

const ends = ({ from, to }: Pair): { readonly [name: string]: Value } => ({ from: { id: from }, to: { id: to } });

function types(ctx: AssociationCtx): { readonly [name: string]: Value } {
  const { label } = ctx.options;
  if (label === undefined) return {};
  return { types: [{ associationCategory: label.category, associationTypeId: label.type_id }] };
}

const endMissing: RowFate = {
  status: "rejected",
  code: "NOT_FOUND",
  message: "one end of the association has no record in HubSpot",
};
