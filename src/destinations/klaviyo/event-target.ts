import { z } from "zod";
import { BatchRefused } from "../../core/delivery-errors.ts";
import type { BatchResult, RowFate } from "../../core/result.ts";
import type { Row } from "../../core/value.ts";
import type { Batch, Target, TargetCtx } from "../connector.ts";
import { toRows } from "../fates.ts";
import type { KlaviyoAccount } from "./account.ts";
import { postBlind } from "./api.ts";
import type { ApiError } from "./errors.ts";
import { checkEventFields, type EventRow, eventFields, eventsBody, repeatedEvent, toEvent } from "./events.ts";
import { resultMissing } from "./fates.ts";
import { identifiers } from "./profiles.ts";
import { type Posted, parseJson, refusals, rejected, sendDroppingRefused } from "./refused-rows.ts";

const options = z.strictObject({
  /** The metric's name, made when first used. https://developers.klaviyo.com/en/reference/bulk_create_events: less than 128 characters. */
  metric: z.string().trim().min(1).max(127),
  /** Record without triggering flows. */
  backfill: z.boolean().default(false),
});
type EventOptions = z.output<typeof options>;

/** https://developers.klaviyo.com/en/reference/bulk_create_events: 1,000 events, 5 MB. */
const maxEvents = 1_000;
const maxBytes = 5_000_000;

/** What the wrapping of each event adds is left room for. */
const maxBatchBytes = 3_500_000;

const scope = "events:write";

/** What people did, under one metric. Klaviyo takes the request and never reports an event's own fate. */
export const event: Target<KlaviyoAccount, EventOptions> = {
  description: "Events of one metric; a person who is not there yet becomes a profile",
  kind: "stream",
  options,
  identifiers,
  needsMatch: true,
  // Unknown names are refused by `shape`: `properties.<anything>` is a field.
  fields: { known: eventFields, others: "allowed" },
  ops: ["add"],
  modes: ["append", "insert"],
  onlyIfEmpty: false,
  object: (to) => `event/${to.metric}`,
  shape(_to, sync) {
    checkEventFields(sync);
    return {
      batch: { maxRows: maxEvents, maxBytes: maxBatchBytes, mixedOps: true },
      // Every event has a unique_id: Klaviyo records it once for a person and metric, however often it comes.
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests: (_to, sync) => Math.ceil(sync.plannedRows / maxEvents),
  send: sendEvents,
};

async function sendEvents(batch: Batch, ctx: TargetCtx<KlaviyoAccount, EventOptions>): Promise<BatchResult> {
  const fates = new Map<number, RowFate>();
  const rows = new Map<string, EventRow>();
  for (const change of batch.changes) {
    const made = toEvent(change, ctx.options);
    if ("status" in made) fates.set(change.seq, made);
    else if (rows.has(made.identity)) fates.set(change.seq, repeatedEvent);
    else rows.set(made.identity, made);
  }
  const post = async (left: readonly EventRow[]): Promise<Posted<null>> => {
    const json = eventsBody(left.map((row) => row.event));
    assertFits(json);
    const path = "/api/event-bulk-create-jobs";
    const { status, body } = await postBlind(ctx, { endpoint: "events", scope, path, json, accept: refusals });
    return status < 400 ? { value: null } : { refused: { status, body: parseJson(body) } };
  };
  const posted = await sendDroppingRefused([...rows.values()], fates, scope, post, judge);
  for (const row of posted?.sent ?? []) fates.set(row.seq, { status: "accepted" });
  return { state: "done", rows: toRows(batch.changes, fates, resultMissing) };
}

/**
 * The ids of one request differ, so an id that is called repeated was recorded earlier, by an attempt whose answer was
 * lost. The code for it is not documented; any other complaint about the id is a refusal.
 */
function judge(error: ApiError): RowFate {
  const repeated = error.pointer.endsWith("/unique_id") && /DUPLICATE|REPEAT|CONFLICT/.test(error.code);
  return repeated ? { status: "accepted" } : rejected(error);
}

function assertFits(body: Row): void {
  if (Buffer.byteLength(JSON.stringify(body)) <= maxBytes) return;
  throw new BatchRefused("the events make a request over 5 MB", {
    hint: "Set a lower `batch: {rows: …}` for the sync.",
    reason: "PAYLOAD_TOO_LARGE",
  });
}
