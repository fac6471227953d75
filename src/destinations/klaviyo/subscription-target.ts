import { z } from "zod";
import { DeliveryError, OutcomeUnknown, Unavailable } from "../../core/delivery-errors.ts";
import type { BatchResult, RowFate } from "../../core/result.ts";
import type { Batch, Target, TargetCtx, TargetSync } from "../connector.ts";
import { toRows } from "../fates.ts";
import type { KlaviyoAccount } from "./account.ts";
import { postBlind } from "./api.ts";
import { resultMissing } from "./fates.ts";
import { findOrCreateList, listId, listOptions } from "./lists.ts";
import { amongList, findProfiles, valuesPerFilter } from "./lookup.ts";
import { type Posted, parseJson, refusals, sendDroppingRefused } from "./refused-rows.ts";
import { type Subscriber, subscribeBody, toSubscriber, toUnsubscriber, unsubscribeBody } from "./subscription.ts";

const options = z.strictObject({
  ...listOptions,
  channels: z
    .array(z.enum(["email", "sms"]))
    .min(1)
    .default(["email"]),
  /** Consent was collected elsewhere, at `consented_at`: no double opt-in, no flows. */
  historical_import: z.boolean().default(false),
  custom_source: z.string().min(1).optional(),
});
type SubscriptionOptions = z.output<typeof options>;
type SubscriptionCtx = TargetCtx<KlaviyoAccount, SubscriptionOptions>;

/** https://developers.klaviyo.com/en/reference/bulk_subscribe_profiles */
const maxSubscribes = 1_000;
/** https://developers.klaviyo.com/en/reference/bulk_unsubscribe_profiles */
const maxUnsubscribes = 100;

/** People who agreed to marketing, in one list. Klaviyo takes the request and never reports a row's own fate. */
export const subscription: Target<KlaviyoAccount, SubscriptionOptions> = {
  description:
    "Marketing consent (email, sms) within one list: adds subscribe, removals unsubscribe from that list only",
  kind: "list",
  options,
  identifiers: ["email", "phone_number"],
  needsMatch: true,
  fields: { known: { consented_at: "datetime" }, others: "refused" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "insert", "remove"],
  onlyIfEmpty: false,
  object: (to) => `subscription/${to.list}`,
  shape: () => ({
    batch: { maxRows: maxSubscribes, maxBytes: 4_000_000, mixedOps: true },
    // A second subscription may write to the person a second time (double opt-in), and a second unsubscription,
    // after the first took them off the list, would be global: nothing unanswered is ever sent again by itself.
    resend: "once",
    outcome: "per-row",
    contents: "changes",
  }),
  requests,
  prepare: async (ctx) => ({ ...(await findOrCreateList(ctx, ctx.options)) }),
  send: (batch, ctx) => (batch.changes[0]?.op === "remove" ? unsubscribe(batch, ctx) : subscribe(batch, ctx)),
};

/** Each removal is preceded by a look into the list, a hundred people at a time. */
function requests(_to: SubscriptionOptions, sync: TargetSync): number {
  return (
    Math.ceil((sync.plannedRows - sync.removes) / maxSubscribes) +
    Math.ceil(sync.removes / maxUnsubscribes) +
    Math.ceil(sync.removes / valuesPerFilter)
  );
}

async function subscribe(batch: Batch, ctx: SubscriptionCtx): Promise<BatchResult> {
  const { channels, historical_import: historical, custom_source: source } = ctx.options;
  const fates = new Map<number, RowFate>();
  const nowMs = ctx.clock.now().getTime();
  const rows = split(
    batch.changes.map((change) => [change.seq, toSubscriber(change, channels, historical, nowMs)] as const),
    fates,
  );
  await submit(ctx, rows, fates, "subscribe", (part) => subscribeBody(part, listId(ctx.state), historical, source));
  return { state: "done", rows: toRows(batch.changes, fates, resultMissing) };
}

/**
 * Somebody who is not in the list would be unsubscribed from everything, so membership is checked right before.
 * https://developers.klaviyo.com/en/reference/bulk_unsubscribe_profiles
 */
async function unsubscribe(batch: Batch, ctx: SubscriptionCtx): Promise<BatchResult> {
  const id = listId(ctx.state);
  const fates = new Map<number, RowFate>();
  const rows = split(
    batch.changes.map((change) => [change.seq, toUnsubscriber(change, ctx.options.channels)] as const),
    fates,
  );
  for (let from = 0; from < rows.length; from += maxUnsubscribes) {
    const part = rows.slice(from, from + maxUnsubscribes);
    try {
      const inside = await members(ctx, id, part, fates);
      await submit(ctx, inside, fates, "unsubscribe", (profiles) => unsubscribeBody(profiles, id));
    } catch (error) {
      // What was taken must not be sent again with the rest: only an untouched batch may be thrown back to the engine.
      const touched = error instanceof OutcomeUnknown || [...fates.values()].some((fate) => fate.status === "accepted");
      if (!touched || !(error instanceof DeliveryError)) throw error;
      leaveOpen(rows.slice(from), part, error, fates);
      break;
    }
  }
  return { state: "done", rows: toRows(batch.changes, fates, resultMissing) };
}

/** The rows that are in the list; the others have nothing to be removed from. */
async function members(
  ctx: SubscriptionCtx,
  id: string,
  part: readonly Subscriber[],
  fates: Map<number, RowFate>,
): Promise<readonly Subscriber[]> {
  try {
    const found = await findProfiles(
      ctx,
      amongList(id),
      part.map((row) => row.change),
    );
    for (const row of part) if (!found.has(row.seq)) fates.set(row.seq, { status: "delivered" });
    return part.filter((row) => found.has(row.seq));
  } catch (error) {
    if (!(error instanceof OutcomeUnknown)) throw error;
    // A question that was not answered changed nothing.
    throw new Unavailable(error.message, { hint: error.hint, retryAfterMs: error.retryAfterMs, cause: error });
  }
}

async function submit(
  ctx: SubscriptionCtx,
  rows: readonly Subscriber[],
  fates: Map<number, RowFate>,
  what: "subscribe" | "unsubscribe",
  body: (profiles: readonly Subscriber["profile"][]) => Subscriber["profile"],
): Promise<void> {
  const scope = "lists:write, profiles:write and subscriptions:write";
  const posted = await sendDroppingRefused(rows, fates, scope, async (left): Promise<Posted<null>> => {
    const { status, body: text } = await postBlind(ctx, {
      endpoint: what,
      scope,
      path: `/api/profile-subscription-bulk-${what === "subscribe" ? "create" : "delete"}-jobs`,
      json: body(left.map((row) => row.profile)),
      accept: refusals,
    });
    return status < 400 ? { value: null } : { refused: { status, body: parseJson(text) } };
  });
  for (const row of posted?.sent ?? []) fates.set(row.seq, { status: "accepted" });
}

function leaveOpen(
  rest: readonly Subscriber[],
  part: readonly Subscriber[],
  error: DeliveryError,
  fates: Map<number, RowFate>,
): void {
  const inPart = new Set(part.map((row) => row.seq));
  for (const { seq } of rest) {
    if (fates.has(seq)) continue;
    const unanswered = error instanceof OutcomeUnknown && inPart.has(seq);
    fates.set(seq, { status: unanswered ? "unknown" : "retry", code: error.code, message: error.message });
  }
}

function split(
  made: readonly (readonly [number, Subscriber | RowFate])[],
  fates: Map<number, RowFate>,
): readonly Subscriber[] {
  const rows: Subscriber[] = [];
  for (const [seq, one] of made) {
    if ("status" in one) fates.set(seq, one);
    else rows.push(one);
  }
  return rows;
}
