import { createHash } from "node:crypto";
import { z } from "zod";
import type { Change } from "../../core/change.ts";
import type { RowFate } from "../../core/result.ts";
import type { Row } from "../../core/value.ts";
import type { Target, TargetSync } from "../connector.ts";
import { type Fates, noIdentifier, rejected, settled } from "../fates.ts";
import { identifierText } from "../identified.ts";
import { happenedMs } from "../instant.ts";
import type { CustomerioAccount } from "./account.ts";
import { maxBatchBytes, maxRows, missing, type Operation, sendBatch } from "./batch.ts";
import { type Identifier, identifierOf, identifiers } from "./identity.ts";
import { happen } from "./people.ts";

const options = z.strictObject({ name: z.string().trim().min(1) });
type EventOptions = z.output<typeof options>;

/** Events of one name. Each has a ULID made of the sync and the row's key, by which Customer.io ignores a second copy. */
export const event: Target<CustomerioAccount, EventOptions> = {
  description: "Events of one name; an event that comes twice is ignored the second time",
  kind: "stream",
  options,
  identifiers,
  needsMatch: true,
  fields: { known: { timestamp: "datetime" }, others: "allowed" },
  ops: ["add"],
  modes: ["append"],
  onlyIfEmpty: false,
  object: (to) => `event/${to.name}`,
  shape(_to, sync) {
    identifierOf(sync);
    return {
      batch: { maxRows, maxBytes: maxBatchBytes, mixedOps: true },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const by = identifierOf(ctx.sync);
    const operations: Operation[] = [];
    for (const change of batch.changes) {
      const made = toEvent(change, by, ctx.options, ctx.sync);
      if ("body" in made) operations.push(made);
      else fates.set(change.seq, made);
    }
    await sendBatch(ctx, operations, fates);
    return settled(batch.changes, fates, missing);
  },
};

/** Attributes that are NULL say nothing and are left out. https://customer.io/docs/api/track/#operation/batch */
export function toEvent(
  change: Change,
  by: Identifier,
  to: EventOptions,
  sync: Pick<TargetSync, "name" | "createdAt">,
): Operation | RowFate {
  const value = identifierText(change.match[by]);
  if (value === null) return noIdentifier;
  const { timestamp, ...fields } = change.fields;
  const atMs = happenedMs(timestamp, sync);
  if (atMs === null || atMs < 0) return rejected("TIME_UNREADABLE", "timestamp is no instant since 1970");
  const attributes = Object.fromEntries(Object.entries(fields).filter(([, field]) => field !== null));
  const event: Row = {
    name: to.name,
    id: ulid(atMs, `${sync.name}\n${change.key}`),
    timestamp: Math.floor(atMs / 1_000),
    attributes,
  };
  return happen({ change, value }, by, event);
}

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** 48 bits of time and 80 of a hash in place of chance, so that the same row has the same id. https://github.com/ulid/spec */
export function ulid(atMs: number, name: string): string {
  const hash = createHash("sha256").update(name).digest().subarray(0, 10);
  let bits = (BigInt(Math.floor(atMs)) << 80n) | BigInt(`0x${hash.toString("hex")}`);
  let text = "";
  for (let place = 0; place < 26; place++) {
    text = alphabet.charAt(Number(bits & 31n)) + text;
    bits >>= 5n;
  }
  return text;
}
