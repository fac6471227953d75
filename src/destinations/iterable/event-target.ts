import { z } from "zod";
import type { Change } from "../../core/change.ts";
import type { RowFate } from "../../core/result.ts";
import type { Row } from "../../core/value.ts";
import type { Target, TargetSync } from "../connector.ts";
import { accepted, chunks, type Fates, noIdentifier, rejected, settled } from "../fates.ts";
import { identifierText } from "../identified.ts";
import { happenedMs } from "../instant.ts";
import { onlyFields } from "../only-fields.ts";
import type { IterableAccount } from "./account.ts";
import { call } from "./api.ts";
import { bulkFates, bulkReply, checkDropped } from "./bulk-result.ts";
import { type Identifier, identifierOf, identifiers } from "./identity.ts";
import { maxBatchBytes, maxRows, missing } from "./user-target.ts";
import { tooLong } from "./users.ts";

const options = z.strictObject({
  event: z.string().trim().min(1),
  create_new_fields: z.boolean().optional(),
});
type EventOptions = z.output<typeof options>;

/** https://api.iterable.com/api/docs#events_trackBulk */
const maxIdBytes = 512;
const plain = new Set(["id", "createdAt"]);

/** Custom events of one name. Each has an id, by which Iterable knows a second copy: it updates the event that is there. */
export const event: Target<IterableAccount, EventOptions> = {
  description: "Custom events of one name; an event that comes twice is one event",
  kind: "stream",
  options,
  identifiers,
  needsMatch: true,
  fields: { known: { id: "text", createdAt: "datetime" }, others: "allowed" },
  ops: ["add"],
  modes: ["append"],
  onlyIfEmpty: false,
  object: (to) => `event/${to.event}`,
  shape(_to, sync) {
    identifierOf(sync);
    onlyFields(
      sync,
      "Iterable's events",
      (name) => plain.has(name) || /^dataFields\../.test(name),
      "Fields are id, createdAt, and `dataFields.<name>` for anything else.",
    );
    return {
      batch: { maxRows, maxBytes: maxBatchBytes, mixedOps: true },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests: (_to, sync) => Math.ceil(sync.plannedRows / maxRows),
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const by = identifierOf(ctx.sync);
    const events: { seq: number; value: string; event: Row }[] = [];
    for (const change of batch.changes) {
      const made = toEvent(change, by, ctx.options, ctx.sync);
      if ("event" in made) events.push({ seq: change.seq, ...made });
      else fates.set(change.seq, made);
    }
    for (const part of chunks(events, ctx.account.rows_per_request)) {
      const { body } = await call(ctx, {
        method: "POST",
        scope: "track-bulk",
        path: "/api/events/trackBulk",
        json: { events: part.map((row) => row.event) },
        expect: bulkReply,
      });
      checkDropped(body);
      // Events are made asynchronously.
      for (const [seq, fate] of bulkFates(part, by, body, accepted)) fates.set(seq, fate);
    }
    return settled(batch.changes, fates, missing);
  },
};

/** An event's id is the model's, or the row's key under the sync's name: ids are the project's, keys a model's. */
export function toEvent(
  change: Change,
  by: Identifier,
  to: EventOptions,
  sync: Pick<TargetSync, "name" | "createdAt">,
): { readonly value: string; readonly event: Row } | RowFate {
  const value = identifierText(change.match[by]);
  if (value === null) return noIdentifier;
  const id = identifierText(change.fields.id) ?? `${sync.name}:${change.key}`;
  if (Buffer.byteLength(id) > maxIdBytes)
    return rejected("ID_TOO_LONG", `the event's id has more than ${maxIdBytes} bytes`);
  const atMs = happenedMs(change.fields.createdAt, sync);
  if (atMs === null) return rejected("TIME_UNREADABLE", "createdAt is no instant");
  const dataFields = Object.fromEntries(
    Object.entries(change.fields).flatMap(([name, field]) =>
      name.startsWith("dataFields.") ? [[name.slice("dataFields.".length), field]] : [],
    ),
  );
  const flaw = tooLong(dataFields);
  if (flaw !== null) return flaw;
  return {
    value,
    event: {
      [by]: value,
      eventName: to.event,
      id,
      createdAt: Math.floor(atMs / 1_000),
      ...(Object.keys(dataFields).length === 0 ? {} : { dataFields }),
      ...(to.create_new_fields === undefined ? {} : { createNewFields: to.create_new_fields }),
    },
  };
}
