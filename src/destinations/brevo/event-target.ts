import { z } from "zod";
import type { Change } from "../../core/change.ts";
import type { Row, Value } from "../../core/value.ts";
import type { Target } from "../connector.ts";
import { delivered, type Fates, noIdentifier, resultMissing, settled } from "../fates.ts";
import { identifierText } from "../identified.ts";
import { onlyFields } from "../only-fields.ts";
import type { BrevoAccount } from "./account.ts";
import { callText } from "./api.ts";

const options = z.strictObject({
  /** https://developers.brevo.com/reference/create-event */
  event: z.string().regex(/^[\w-]{1,255}$/, "letters, digits, - and _, at most 255"),
});
type EventOptions = z.output<typeof options>;

/** Names in `match`, and what the API calls them. */
const identifiers = { email: "email_id", ext_id: "ext_id", sms: "sms" } as const;

/** What contacts did. A request each, and no id that would tell a repetition: never sent twice. */
export const event: Target<BrevoAccount, EventOptions> = {
  description: "Events of contacts, one request each; a contact that is not there is made",
  kind: "stream",
  options,
  identifiers: Object.keys(identifiers),
  needsMatch: true,
  fields: { known: { event_date: "datetime" }, others: "allowed" },
  ops: ["add"],
  modes: ["append", "insert"],
  onlyIfEmpty: false,
  object: (to) => `event/${to.event}`,
  shape(_to, sync) {
    onlyFields(
      sync,
      "Brevo events",
      (name) => name === "event_date" || /^properties\.\w{1,255}$/.test(name),
      "Fields are event_date and properties.<name>.",
    );
    // One row a batch: what is unanswered is then exactly one event.
    return {
      batch: { maxRows: 1, mixedOps: true },
      resend: "once",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests: (_to, sync) => sync.plannedRows,
  async send(batch, ctx) {
    const fates: Fates = new Map();
    for (const change of batch.changes) {
      const event = toEvent(change, ctx.options.event);
      if (event === null) fates.set(change.seq, noIdentifier);
      else {
        await callText(ctx, { method: "POST", path: "/events", json: event });
        fates.set(change.seq, delivered());
      }
    }
    return settled(batch.changes, fates, resultMissing("Brevo", "once"));
  },
};

export function toEvent(change: Change, name: string): Row | null {
  const found = Object.entries(identifiers).flatMap(([given, theirs]) => {
    const text = identifierText(change.match[given]);
    return text === null ? [] : [[theirs, text] as const];
  });
  if (found.length === 0) return null;
  const properties = Object.entries(change.fields).flatMap(([field, value]): [string, Value][] =>
    field === "event_date" || value === null ? [] : [[field.replace("properties.", ""), value]],
  );
  const at = change.fields.event_date ?? null;
  return {
    event_name: name,
    identifiers: Object.fromEntries(found),
    ...(at === null ? {} : { event_date: at }),
    ...(properties.length === 0 ? {} : { event_properties: Object.fromEntries(properties) }),
  };
}
