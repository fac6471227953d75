import { z } from "zod";
import { BatchRefused } from "../../core/delivery-errors.ts";
import type { RowFate } from "../../core/result.ts";
import type { Row } from "../../core/value.ts";
import { accepted, type Fates, rejected, resultMissing } from "../fates.ts";
import { type Ctx, post } from "./api.ts";

export type Kind = "attributes" | "events" | "purchases";

/** https://www.braze.com/docs/api/endpoints/user_data/: 4 MB; what wraps each object is left room for. */
export const maxBatchBytes = 3_500_000;

/** Custom attributes and event properties are cut after so many characters. https://www.braze.com/docs/user_guide/data/custom_data/custom_attributes/ */
export const maxTextLength = 255;

export interface Tracked {
  readonly seq: number;
  readonly object: Row;
}

export const trackReply = z.object({
  message: z.string().nullish(),
  attributes_processed: z.int().nullish(),
  events_processed: z.int().nullish(),
  purchases_processed: z.int().nullish(),
  errors: z.array(z.unknown()).nullish(),
});
type TrackReply = z.output<typeof trackReply>;

/** Sends objects of one kind. Braze queues what it takes, so a row that nothing is said against is `accepted`. */
export async function track(ctx: Ctx, kind: Kind, rows: readonly Tracked[], fates: Fates): Promise<void> {
  if (rows.length === 0) return;
  const { status, body } = await post(ctx, {
    scope: "track",
    permission: "users.track",
    path: "/users/track",
    json: { [kind]: rows.map((row) => row.object) },
    expect: trackReply,
    accept: [400, 413],
  });
  const read = status >= 400 ? refusedFates(kind, rows.length, body) : trackFates(kind, rows.length, body);
  if (read === null) {
    throw new BatchRefused(`Braze answered ${status}: no ${kind} were taken`, {
      hint: "Mend the row's value in the model, or the mapping.",
      context: { status },
      reason: `HTTP_${status}`,
    });
  }
  for (const [at, fate] of read.entries()) {
    const seq = rows[at]?.seq;
    if (seq !== undefined && fate !== null) fates.set(seq, fate);
  }
}

const indexed = z.object({
  index: z.int().min(0),
  type: z.string().nullish(),
  input_array: z.string().nullish(),
});

/**
 * Fates by place in the request; null: the answer does not tell. Errors name rows by `index`; one that names none puts every
 * other row in doubt, and so does a count of processed objects that leaves some over.
 * https://www.braze.com/docs/api/endpoints/user_data/post_user_track/#responses
 */
export function trackFates(kind: Kind, sent: number, body: TrackReply): readonly (RowFate | null)[] {
  const { named, allNamed } = namedErrors(kind, sent, body.errors ?? []);
  const processed = body[`${kind}_processed`];
  const clear = body.message === "success" && allNamed && processed != null && processed >= sent - named.size;
  return Array.from({ length: sent }, (_, at) => named.get(at) ?? (clear ? accepted : null));
}

/** Of a refused request, in which nothing was applied: null where not every row is named. */
export function refusedFates(kind: Kind, sent: number, body: TrackReply): readonly RowFate[] | null {
  const { named } = namedErrors(kind, sent, body.errors ?? []);
  const fates = Array.from({ length: sent }, (_, at) => named.get(at) ?? null);
  return fates.every((fate) => fate !== null) ? fates : null;
}

function namedErrors(kind: Kind, sent: number, errors: readonly unknown[]) {
  const named = new Map<number, RowFate>();
  let allNamed = true;
  for (const raw of errors) {
    const read = indexed.safeParse(raw);
    const ours = read.success && (read.data.input_array ?? kind) === kind && read.data.index < sent;
    if (ours) named.set(read.data.index, refusal(read.data.type ?? ""));
    else allNamed = false;
  }
  return { named, allNamed };
}

/** Braze's reasons are sentences or codes (EXTERNAL_USER_ID_TOO_LARGE); the engine takes the row's values out of them. */
function refusal(type: string): RowFate {
  const code = /^[A-Z][A-Z0-9_]{2,79}$/.test(type) ? type : "REFUSED";
  return rejected(code, type === "" ? "Braze refused the object and gave no reason" : `Braze: ${type}`);
}

export const missing = resultMissing("Braze");
export const missingOnce = resultMissing("Braze", "once");
