import { z } from "zod";
import type { Change } from "../../core/change.ts";
import type { RowFate } from "../../core/result.ts";
import type { Row } from "../../core/value.ts";
import type { Target, TargetSync } from "../connector.ts";
import { accepted, type Fates, noIdentifier, rejected, resultMissing, settled } from "../fates.ts";
import { identifierText } from "../identified.ts";
import { happenedMs } from "../instant.ts";
import { onlyFields } from "../only-fields.ts";
import type { IntercomAccount } from "./account.ts";
import { requestError } from "./api.ts";
import { firstError, refusalFate } from "./errors.ts";
import { tooLong } from "./fields.ts";
import { type Identifier, identifierOf, identifiers } from "./lookup.ts";

const options = z.strictObject({ event: z.string().trim().min(1) });
type EventOptions = z.output<typeof options>;

/** Events call the external id otherwise. https://developers.intercom.com/docs/references/rest-api/api.intercom.io/data-events/createdataevent */
const names: Readonly<Record<Identifier, string>> = { external_id: "user_id", email: "email", id: "id" };

const missingOnce = resultMissing("Intercom", "once");

/** Events of one name. Intercom gives them no id, so an event that is sent twice may be counted twice. */
export const event: Target<IntercomAccount, EventOptions> = {
  description: "Events of one name; sent once",
  kind: "stream",
  options,
  identifiers,
  needsMatch: true,
  fields: { known: { created_at: "datetime" }, others: "allowed" },
  ops: ["add"],
  modes: ["append"],
  onlyIfEmpty: false,
  object: (to) => `event/${to.event}`,
  shape(_to, sync) {
    identifierOf(sync);
    onlyFields(
      sync,
      "Intercom's events",
      (name) => name === "created_at" || /^metadata\../.test(name),
      "Fields are created_at, and `metadata.<name>` for anything else.",
    );
    return {
      // Trouble with one event must leave no doubt about another.
      batch: { maxRows: 1, mixedOps: true },
      resend: "once",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests: (_to, sync) => sync.plannedRows,
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const by = identifierOf(ctx.sync);
    for (const change of batch.changes) {
      const made = toEvent(change, by, ctx.options, ctx.sync);
      if ("status" in made) {
        fates.set(change.seq, made);
        continue;
      }
      const { status, body } = await ctx.http.request({
        method: "POST",
        path: "/events",
        json: made.event,
        accept: [400, 404, 422],
        // 202 has no body.
        expect: "text",
        mapError: requestError("Write events", ctx.clock),
      });
      fates.set(change.seq, status < 400 ? accepted : eventRefusal(status, body));
    }
    return settled(batch.changes, fates, missingOnce);
  },
};

/** Refused before anything was applied, so even an event may be tried again. */
export function eventRefusal(status: number, text: string): RowFate {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return refusalFate({ status, ...firstError(body) });
}

export function toEvent(
  change: Change,
  by: Identifier,
  to: EventOptions,
  sync: Pick<TargetSync, "createdAt">,
): { readonly event: Row } | RowFate {
  const value = identifierText(change.match[by]);
  if (value === null) return noIdentifier;
  const { created_at, ...fields } = change.fields;
  const atMs = happenedMs(created_at, sync);
  if (atMs === null) return rejected("TIME_UNREADABLE", "created_at is no instant");
  const metadata = Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) =>
      field === null ? [] : [[name.slice("metadata.".length), field]],
    ),
  );
  const flaw = tooLong(metadata);
  if (flaw !== null) return flaw;
  return {
    event: {
      event_name: to.event,
      created_at: Math.floor(atMs / 1_000),
      [names[by]]: value,
      ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    },
  };
}
