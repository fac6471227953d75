import { z } from "zod";
import type { Change } from "../../core/change.ts";
import { OutcomeUnknown, TargetInvalid, Unavailable } from "../../core/delivery-errors.ts";
import { ConfigError } from "../../core/errors.ts";
import type { RowFate } from "../../core/result.ts";
import type { Row, Value } from "../../core/value.ts";
import type { Target, TargetCtx, TargetSync } from "../connector.ts";
import { chunks, delivered, type Fates } from "../fates.ts";
import type { HubspotAccount } from "./account.ts";
import { callJson } from "./api.ts";
import { batchReply } from "./batch-answer.ts";
import { errorFate, readError } from "./errors.ts";
import { done } from "./fates.ts";
import { subscriptionsPath } from "./paths.ts";
import { folded } from "./values.ts";
import { usable } from "./write.ts";

const options = z.strictObject({
  /** The subscription type's name or id. */
  subscription: z.coerce.string().trim().min(1),
  /** Why people may be written to; asked for where the account has data privacy switched on. */
  legal_basis: z
    .enum([
      "LEGITIMATE_INTEREST_PQL",
      "LEGITIMATE_INTEREST_CLIENT",
      "PERFORMANCE_OF_CONTRACT",
      "CONSENT_WITH_NOTICE",
      "NON_GDPR",
      "PROCESS_AND_STORE",
      "LEGITIMATE_INTEREST_OTHER",
    ])
    .optional(),
  legal_basis_explanation: z.string().min(1).optional(),
  /** Subscribe people again who have unsubscribed from it; else they are rejected as UNSUBSCRIBED. */
  resubscribe: z.boolean().default(false),
});
type SubscriptionOptions = z.output<typeof options>;
type SubscriptionCtx = TargetCtx<HubspotAccount, SubscriptionOptions>;

/** No figure is published: as the objects' batches. */
const maxStatuses = 100;

const write = "communication_preferences.statuses.batch.write";
const read = "communication_preferences.statuses.batch.read";

/** Consent to one subscription type by email. Removals unsubscribe from that type and never from everything. */
export const subscription: Target<HubspotAccount, SubscriptionOptions> = {
  description: "Subscription to one type of marketing email; a removal unsubscribes from that type only",
  kind: "list",
  options,
  identifiers: ["email"],
  needsMatch: true,
  fields: { known: {}, others: "refused" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "remove"],
  onlyIfEmpty: false,
  object: (to) => `subscription/${to.subscription}`,
  shape(to, sync) {
    if ((to.legal_basis === undefined) !== (to.legal_basis_explanation === undefined)) {
      throw new ConfigError(`sync "${sync.name}": legal_basis and legal_basis_explanation go together`, {
        hint: "Give both, or neither.",
      });
    }
    return {
      batch: { maxRows: maxStatuses, mixedOps: true },
      // The same status set twice is one status.
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests: (to, sync) => requests(to, sync),
  prepare: async (ctx) => ({ id: await findType(ctx) }),
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const rows = usable(batch.changes, "email", fates);
    const wanted = batch.changes[0]?.op === "remove" ? "UNSUBSCRIBED" : "SUBSCRIBED";
    const out = wanted === "SUBSCRIBED" && !ctx.options.resubscribe ? await optedOut(ctx, rows) : new Set<string>();
    const sent = rows.filter(({ change, value }) => {
      if (out.has(folded(value))) fates.set(change.seq, unsubscribed);
      return !out.has(folded(value));
    });
    if (sent.length > 0) await setStatus(ctx, wanted, sent, fates);
    return done(batch.changes, fates);
  },
};

function requests(to: SubscriptionOptions, sync: TargetSync): number {
  const adds = Math.ceil((sync.plannedRows - sync.removes) / maxStatuses);
  return adds * (to.resubscribe ? 1 : 2) + Math.ceil(sync.removes / maxStatuses);
}

interface Person {
  readonly change: Change;
  readonly value: string;
}

const typeReply = z.object({
  results: z
    .array(z.object({ id: z.union([z.string(), z.number()]).transform(String), name: z.string().nullish() }))
    .optional(),
  subscriptionDefinitions: z
    .array(z.object({ id: z.union([z.string(), z.number()]).transform(String), name: z.string().nullish() }))
    .optional(),
});

/** https://developers.hubspot.com/docs/api-reference/communication-preferences-subscriptions-v4/guide */
async function findType(ctx: SubscriptionCtx): Promise<string> {
  const { body } = await callJson(ctx, {
    method: "GET",
    path: `${subscriptionsPath(ctx.account)}/definitions`,
    scope: "communication_preferences.read",
    expect: typeReply,
  });
  const wanted = ctx.options.subscription;
  const all = body.results ?? body.subscriptionDefinitions ?? [];
  const named = all.filter((type) => type.name === wanted);
  const [first] = named.length > 0 ? named : all.filter((type) => type.id === wanted);
  if (first !== undefined && named.length < 2) return first.id;
  throw new TargetInvalid(`HubSpot has ${named.length} subscription types of the name "${wanted}"`, {
    hint: "Name one by its id in `to: {subscription: …}`; the types stand in Settings > Marketing > Email > Subscription Types.",
  });
}

const state = z.object({ id: z.string() });

function typeId(prepared: Value): number {
  const known = state.safeParse(prepared);
  if (known.success) return Number(known.data.id);
  throw new TargetInvalid("the subscription type of this sync has not been looked up", { hint: "Run the sync again." });
}

const status = z.object({
  subscriberIdString: z.string().nullish(),
  subscriptionId: z.union([z.string(), z.number()]).transform(Number),
  status: z.string(),
});
const statusesReply = z.object({
  results: z.array(z.object({ subscriberIdString: z.string(), statuses: z.array(status) })),
});

/** Who has unsubscribed from the type. https://developers.hubspot.com/docs/api-reference/legacy/communication-preferences/status/batch/get-subscriptions */
async function optedOut(ctx: SubscriptionCtx, people: readonly Person[]): Promise<ReadonlySet<string>> {
  const out = new Set<string>();
  const id = typeId(ctx.state);
  for (const part of chunks(people, maxStatuses)) {
    const { body } = await readOnly(() =>
      callJson(ctx, {
        method: "POST",
        path: `${subscriptionsPath(ctx.account)}/statuses/batch/read`,
        query: { channel: "EMAIL" },
        scope: read,
        json: { inputs: part.map((person) => person.value) },
        expect: statusesReply,
      }),
    );
    for (const person of body.results) {
      const left = person.statuses.some((one) => one.subscriptionId === id && one.status === "UNSUBSCRIBED");
      if (left) out.add(folded(person.subscriberIdString));
    }
  }
  return out;
}

/** A question that was not answered changed nothing. */
async function readOnly<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof OutcomeUnknown)) throw error;
    throw new Unavailable(error.message, { hint: error.hint, retryAfterMs: error.retryAfterMs, cause: error });
  }
}

/** https://developers.hubspot.com/docs/api-reference/communication-preferences-subscriptions-v4/subscription-status/post-communication-preferences-v4-statuses-batch-write */
async function setStatus(
  ctx: SubscriptionCtx,
  wanted: "SUBSCRIBED" | "UNSUBSCRIBED",
  people: readonly Person[],
  fates: Fates,
): Promise<void> {
  const id = typeId(ctx.state);
  const { body } = await callJson(ctx, {
    method: "POST",
    path: `${subscriptionsPath(ctx.account)}/statuses/batch/write`,
    scope: write,
    json: { inputs: people.map((person) => statusInput(person.value, id, wanted, ctx.options)) },
    expect: batchReply,
  });
  const seqs = new Map(people.map(({ change, value }) => [folded(value), change.seq]));
  for (const raw of body.results) {
    const one = status.safeParse(raw).data;
    const seq = seqs.get(folded(one?.subscriberIdString ?? ""));
    if (seq !== undefined && one?.subscriptionId === id && one.status === wanted) fates.set(seq, delivered());
  }
  for (const error of (body.errors ?? []).map(readError)) {
    for (const about of error.ids) {
      const seq = seqs.get(folded(about));
      if (seq !== undefined && !fates.has(seq)) fates.set(seq, errorFate(error));
    }
  }
}

export function statusInput(
  email: string,
  subscriptionId: number,
  statusState: "SUBSCRIBED" | "UNSUBSCRIBED",
  basis: Pick<SubscriptionOptions, "legal_basis" | "legal_basis_explanation">,
): Row {
  return {
    subscriberIdString: email,
    subscriptionId,
    statusState,
    channel: "EMAIL",
    ...(basis.legal_basis === undefined ? {} : { legalBasis: basis.legal_basis }),
    ...(basis.legal_basis_explanation === undefined ? {} : { legalBasisExplanation: basis.legal_basis_explanation }),
  };
}

const unsubscribed: RowFate = {
  status: "rejected",
  code: "UNSUBSCRIBED",
  message: "this person has unsubscribed from the subscription type, and the sync does not override that",
};
