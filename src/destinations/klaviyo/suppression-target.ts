import { z } from "zod";
import type { Change } from "../../core/change.ts";
import type { BatchResult, RowFate } from "../../core/result.ts";
import type { Row } from "../../core/value.ts";
import type { Batch, Target } from "../connector.ts";
import { toRows } from "../fates.ts";
import type { KlaviyoAccount } from "./account.ts";
import { type Ctx, postBlind } from "./api.ts";
import { noIdentifier, resultMissing } from "./fates.ts";
import { givenIdentifiers } from "./profiles.ts";
import { type Posted, parseJson, refusals, sendDroppingRefused } from "./refused-rows.ts";

const options = z.strictObject({});
type SuppressionOptions = z.output<typeof options>;

/** https://developers.klaviyo.com/en/reference/bulk_suppress_profiles and bulk_unsuppress_profiles: 100 addresses. */
const maxAddresses = 100;

/**
 * Addresses that get no email marketing, whatever they agreed to. A removal ends the suppression that somebody asked for,
 * never an unsubscription, a bounce or an invalid address. https://developers.klaviyo.com/en/reference/bulk_unsuppress_profiles
 */
export const suppression: Target<KlaviyoAccount, SuppressionOptions> = {
  description: "Addresses that get no email marketing at all: adds suppress, removals end the suppression",
  kind: "list",
  options,
  identifiers: ["email"],
  needsMatch: true,
  fields: { known: {}, others: "refused" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "insert", "remove"],
  onlyIfEmpty: false,
  object: () => "suppression",
  shape: () => ({
    batch: { maxRows: maxAddresses, mixedOps: true },
    resend: "idempotent",
    outcome: "per-row",
    contents: "changes",
  }),
  requests: (_to, sync) =>
    Math.ceil((sync.plannedRows - sync.removes) / maxAddresses) + Math.ceil(sync.removes / maxAddresses),
  send: sendSuppressions,
};

interface Address {
  readonly seq: number;
  readonly profile: Row;
}

async function sendSuppressions(batch: Batch, ctx: Ctx): Promise<BatchResult> {
  const ends = batch.changes[0]?.op === "remove";
  const fates = new Map<number, RowFate>();
  const rows = batch.changes.flatMap((change) => address(change, fates));
  const scope = ends ? "subscriptions:write" : "profiles:write and subscriptions:write";
  const posted = await sendDroppingRefused(rows, fates, scope, async (left): Promise<Posted<null>> => {
    const { status, body } = await postBlind(ctx, {
      endpoint: ends ? "unsuppress" : "suppress",
      scope,
      path: `/api/profile-suppression-bulk-${ends ? "delete" : "create"}-jobs`,
      json: suppressionBody(
        ends,
        left.map((row) => row.profile),
      ),
      accept: refusals,
    });
    return status < 400 ? { value: null } : { refused: { status, body: parseJson(body) } };
  });
  // The job counts what it did and names nobody.
  for (const row of posted?.sent ?? []) fates.set(row.seq, { status: "accepted" });
  return { state: "done", rows: toRows(batch.changes, fates, resultMissing) };
}

function address(change: Change, fates: Map<number, RowFate>): readonly Address[] {
  const email = givenIdentifiers(change.match).find(([name]) => name === "email")?.[1];
  if (email !== undefined) return [{ seq: change.seq, profile: { type: "profile", attributes: { email } } }];
  fates.set(change.seq, noIdentifier);
  return [];
}

function suppressionBody(ends: boolean, profiles: readonly Row[]): Row {
  const type = `profile-suppression-bulk-${ends ? "delete" : "create"}-job`;
  return { data: { type, attributes: { profiles: { data: profiles } } } };
}
