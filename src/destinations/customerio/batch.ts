import { z } from "zod";
import type { RowFate } from "../../core/result.ts";
import type { Row } from "../../core/value.ts";
import { codeOf } from "../code.ts";
import type { AccountCtx } from "../connector.ts";
import { accepted, type Fates, rejected, resultMissing, retried } from "../fates.ts";
import type { CustomerioAccount } from "./account.ts";
import { requestError } from "./errors.ts";

/** One operation of a batch, and the row it is for. A row may need several. */
export interface Operation {
  readonly seq: number;
  readonly body: Row;
}

/** "Smaller than 500kb", each operation "32kb or smaller": taken as thousands. https://customer.io/docs/api/track/#operation/batch */
const maxRequestBytes = 499_000;
const maxOperationBytes = 32_000;

/** How many operations a request may hold is not published: its bytes are the limit, so a batch of the engine is several requests. */
export const maxRows = 10_000;
export const maxBatchBytes = 4_000_000;

interface Packed {
  readonly seqs: readonly number[];
  readonly text: string;
}

/** Sends operations in as few requests as their bytes allow. */
export async function sendBatch(
  ctx: AccountCtx<CustomerioAccount>,
  operations: readonly Operation[],
  fates: Fates,
): Promise<void> {
  for (const { seqs, text } of pack(operations, fates)) {
    const { body } = await ctx.http.request({
      method: "POST",
      path: "/api/v2/batch",
      headers: { "content-type": "application/json" },
      body: text,
      expect: batchReply,
      mapError: requestError,
    });
    for (const [seq, fate] of batchFates(seqs, body)) {
      // A row whose other operation was refused stays refused.
      if (!fates.has(seq) || fates.get(seq)?.status === "accepted") fates.set(seq, fate);
    }
  }
}

/** Operations as the texts of requests; one that is too large is refused and left out. */
export function* pack(operations: readonly Operation[], fates: Fates): Generator<Packed> {
  let seqs: number[] = [];
  let texts: string[] = [];
  let bytes = 0;
  const close = () => ({ seqs, text: `{"batch":[${texts.join(",")}]}` });
  for (const { seq, body } of operations) {
    const text = JSON.stringify(body);
    const size = Buffer.byteLength(text);
    if (size > maxOperationBytes) {
      fates.set(seq, tooLarge);
      continue;
    }
    if (bytes + size + 1 > maxRequestBytes && texts.length > 0) {
      yield close();
      seqs = [];
      texts = [];
      bytes = 0;
    }
    seqs.push(seq);
    texts.push(text);
    bytes += size + 1;
  }
  if (texts.length > 0) yield close();
}

/** 200 is an empty object, 207 lists errors. */
export const batchReply = z.object({ errors: z.array(z.unknown()).nullish() });

const entry = z.object({
  batch_index: z.int().min(0),
  reason: z.string().nullish(),
  field: z.string().nullish(),
  message: z.string().nullish(),
});

/**
 * Fates by `batch_index`. What no error names was taken, to be applied in a moment; unless an error names nothing we sent,
 * which leaves everybody without a fate.
 */
export function batchFates(seqs: readonly number[], body: z.output<typeof batchReply>): Fates {
  const fates: Fates = new Map();
  let clear = true;
  for (const raw of body.errors ?? []) {
    const read = entry.safeParse(raw);
    const seq = read.success ? seqs[read.data.batch_index] : undefined;
    if (read.success && seq !== undefined) fates.set(seq, errorFate(read.data));
    else clear = false;
  }
  if (clear) for (const seq of seqs) if (!fates.has(seq)) fates.set(seq, accepted);
  return fates;
}

/** Reasons that say the row itself is at fault; any other may pass by itself. */
const final: ReadonlySet<string> = new Set(["invalid", "required"]);

function errorFate({ reason, field, message }: z.output<typeof entry>): RowFate {
  const code = codeOf(reason) || "UNKNOWN_ERROR";
  const where = field != null && /^[\w.[\]-]{1,100}$/.test(field) ? `${field}: ` : "";
  const said = `Customer.io: ${where}${message ?? "refused without a reason"}`;
  return final.has((reason ?? "").toLowerCase()) ? rejected(code, said) : retried(code, said);
}

const tooLarge = rejected("TOO_LARGE", "the person's data is larger than 32 KB, the most that Customer.io takes");
export const missing = resultMissing("Customer.io");
