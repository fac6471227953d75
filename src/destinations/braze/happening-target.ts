import { z } from "zod";
import type { Change } from "../../core/change.ts";
import { ConfigError } from "../../core/errors.ts";
import type { RowFate } from "../../core/result.ts";
import type { FieldType } from "../../core/sync.ts";
import type { Row, Value } from "../../core/value.ts";
import type { Target, TargetSync } from "../connector.ts";
import { type Fates, noIdentifier, rejected, settled } from "../fates.ts";
import { identifierText, longText } from "../identified.ts";
import type { BrazeAccount } from "./account.ts";
import { type Identity, identifiers, identifying, identityOf } from "./identity.ts";
import { type Kind, maxBatchBytes, maxTextLength, missingOnce, type Tracked, track } from "./track.ts";

const common = {
  alias_label: z.string().min(1).optional(),
  /** https://www.braze.com/docs/api/identifier_types/ */
  app_id: z.string().min(1).optional(),
};
const eventOptions = z.strictObject({ ...common, name: z.string().trim().min(1).max(255) });
const purchaseOptions = z.strictObject(common);

interface Happening {
  readonly kind: Extract<Kind, "events" | "purchases">;
  readonly description: string;
  /** Fields beside properties.*, and which of them a row must have. */
  readonly known: Readonly<Record<string, FieldType>>;
  readonly required: readonly string[];
}

const events: Happening = {
  kind: "events",
  description: "Custom events of one name; sent once, since Braze counts an event that comes twice as two",
  known: { time: "datetime" },
  required: [],
};

/** https://www.braze.com/docs/api/objects_filters/purchase_object/ */
const purchases: Happening = {
  kind: "purchases",
  description: "Purchases; sent once, since Braze counts a purchase that comes twice as two",
  known: { time: "datetime", product_id: "text", currency: "text", price: "number", quantity: "integer" },
  required: ["product_id", "currency", "price"],
};

type EventOptions = z.output<typeof eventOptions>;
type PurchaseOptions = z.output<typeof purchaseOptions>;

export const event: Target<BrazeAccount, EventOptions> = {
  ...happening(events),
  options: eventOptions,
  object: (to) => `event/${to.name}`,
};
export const purchase: Target<BrazeAccount, PurchaseOptions> = {
  ...happening(purchases),
  options: purchaseOptions,
  object: () => "purchase",
};

function happening(
  what: Happening,
): Omit<Target<BrazeAccount, PurchaseOptions & { name?: string }>, "options" | "object"> {
  return {
    description: what.description,
    kind: "stream",
    identifiers,
    needsMatch: true,
    fields: { known: what.known, others: "allowed" },
    ops: ["add"],
    modes: ["append"],
    onlyIfEmpty: false,
    shape(to, sync) {
      identityOf(to, sync);
      checkFields(what, sync);
      return {
        batch: { maxRows: 75, maxBytes: maxBatchBytes, mixedOps: true },
        // No id tells Braze that it has an event already.
        resend: "once",
        outcome: "per-row",
        contents: "changes",
      };
    },
    requests: (_to, sync) => Math.ceil(sync.plannedRows / 75),
    async send(batch, ctx) {
      const fates: Fates = new Map();
      const identity = identityOf(ctx.options, ctx.sync);
      const rows: Tracked[] = [];
      for (const change of batch.changes) {
        const made = toHappening(what, change, identity, ctx.options, ctx.sync);
        if ("object" in made) rows.push({ seq: change.seq, object: made.object });
        else fates.set(change.seq, made);
      }
      for (let from = 0; from < rows.length; from += ctx.account.objects_per_request) {
        await track(ctx, what.kind, rows.slice(from, from + ctx.account.objects_per_request), fates);
      }
      return settled(batch.changes, fates, missingOnce);
    },
  };
}

function checkFields(what: Happening, sync: TargetSync): void {
  const lacking = what.required.filter((name) => !sync.fields.includes(name));
  const strange = sync.fields.filter((name) => !(name in what.known) && !/^properties\../.test(name));
  if (sync.match.length === 0 || (lacking.length === 0 && strange.length === 0)) return;
  throw new ConfigError(
    lacking.length > 0
      ? `sync "${sync.name}": ${what.kind} need ${lacking.join(", ")}`
      : `sync "${sync.name}": ${what.kind} have no field "${strange[0]}"`,
    { hint: `Fields are ${Object.keys(what.known).join(", ")}, and \`properties.<name>\` for anything else.` },
  );
}

/** https://www.braze.com/docs/api/objects_filters/event_object/ */
export function toHappening(
  what: Pick<Happening, "required">,
  change: Change,
  identity: Identity,
  to: PurchaseOptions & { readonly name?: string },
  sync: Pick<TargetSync, "createdAt">,
): { readonly object: Row } | RowFate {
  const value = identifierText(change.match[identity.by]);
  if (value === null) return noIdentifier;
  const plain: Record<string, Value> = {};
  const properties: Record<string, Value> = {};
  for (const [name, field] of Object.entries(change.fields)) {
    // A property that is null says nothing; the others must have a value.
    if (field === null) continue;
    if (name.startsWith("properties.")) properties[name.slice("properties.".length)] = field;
    else plain[name] = field;
  }
  const lacking = what.required.find((name) => plain[name] === undefined);
  if (lacking !== undefined) return rejected("FIELD_MISSING", `${lacking} has no value`);
  if (change.fields.time === null) return rejected("FIELD_MISSING", "time has no value");
  const long = longText(properties, maxTextLength) ?? longText(plain, maxTextLength);
  if (long !== null) return rejected("TEXT_TOO_LONG", `${long} has more than ${maxTextLength} characters`);
  return {
    object: {
      ...identifying(change, identity, value),
      ...(to.name === undefined ? {} : { name: to.name }),
      ...(to.app_id === undefined ? {} : { app_id: to.app_id }),
      // The same whenever the rows are sent again: the plan's instant, where the model has none.
      time: sync.createdAt.toISOString(),
      ...plain,
      ...(Object.keys(properties).length === 0 ? {} : { properties }),
    },
  };
}
