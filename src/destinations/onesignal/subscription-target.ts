import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { RowFate } from "../../core/result.ts";
import type { Row } from "../../core/value.ts";
import type { Target } from "../connector.ts";
import { accepted, delivered, type Fates, noIdentifier, retried, settled } from "../fates.ts";
import { type Identified, identified, identifierText, lowered } from "../identified.ts";
import { oneByOne } from "../one-by-one.ts";
import { question } from "../question.ts";
import { type OnesignalAccount, width } from "./account.ts";
import { type Ctx, isGone, refusalFate, send } from "./api.ts";
import { maxRows, unaddressable, userPath } from "./user-target.ts";
import { labelOf, missing, writtenFate } from "./users.ts";

/** https://documentation.onesignal.com/reference/create-subscription */
const types = [
  ...["iOSPush", "AndroidPush", "FireOSPush", "HuaweiPush", "ChromePush", "ChromeExtensionPush", "FirefoxPush"],
  ...["SafariPush", "SafariLegacyPush", "WindowsPush", "macOSPush", "Email", "SMS"],
] as const;

const options = z.strictObject({ type: z.enum(types) });
type SubscriptionOptions = z.output<typeof options>;

/** Push tokens, addresses or numbers of users: a subscription belongs to the user of its row. A removal deletes it, and leaves the user. */
export const subscription: Target<OnesignalAccount, SubscriptionOptions> = {
  description: "Subscriptions of one type (push tokens, email addresses, SMS numbers) of users",
  kind: "list",
  options,
  identifiers: [],
  needsMatch: true,
  fields: { known: { enabled: "boolean" }, others: "refused" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "remove"],
  onlyIfEmpty: false,
  object: (to) => `subscription/${to.type}`,
  shape(_to, sync) {
    if (sync.match.length > 0 && (sync.match.length !== 2 || !sync.match.includes("token"))) {
      throw new ConfigError(`sync "${sync.name}": a subscription is a token of a user`, {
        hint: "Write `match: {external_id: …, token: …}`, with an alias of your own in place of external_id if you have one.",
      });
    }
    return {
      batch: { maxRows, mixedOps: true },
      // The user is looked up by its alias, the subscription by its token.
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  // Whose id no earlier delivery told is looked for first.
  requests: (_to, sync) => sync.plannedRows + (sync.mode === "remove" ? sync.removes : 0),
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const label = labelOf(ctx.sync, ["token"]);
    const { type } = ctx.options;
    const fold = type === "Email" ? lowered : undefined;
    const leaving = batch.changes[0]?.op === "remove";
    await oneByOne(identified(batch.changes, "token", fates, fold), width, fates, (row) => {
      const owner = identifierText(row.change.match[label]);
      if (owner === null) return Promise.resolve(noIdentifier);
      return leaving ? leave(ctx, { label, owner, type }, row) : join(ctx, { label, owner, type }, row);
    });
    return settled(batch.changes, fates, missing);
  },
};

interface Owner {
  readonly label: string;
  readonly owner: string;
  readonly type: SubscriptionOptions["type"];
}

/** Of a subscription whose id is known only `enabled` can have changed. Else the user is found or made together with it. */
async function join(ctx: Ctx, { label, owner, type }: Owner, { change, value }: Identified): Promise<RowFate> {
  const own: Row = change.fields.enabled == null ? {} : { enabled: change.fields.enabled };
  if (change.op === "update" && change.externalId !== undefined) {
    const path = `/subscriptions/${encodeURIComponent(change.externalId)}`;
    const answer = await send(ctx, { method: "PATCH", scope: "users", path, json: { subscription: own } });
    if (answer.status < 400) return accepted;
    if (!isGone(answer)) return refusalFate(answer);
  }
  const json = { identity: { [label]: owner }, subscriptions: [{ type, token: value, ...own }] };
  const answer = await send(ctx, { method: "POST", scope: "users", path: "/users", json });
  if (answer.status >= 400) return refusalFate(answer);
  const written = writtenFate(answer, label, owner);
  if (written.status !== "delivered") return written;
  const id = subscriptionId(answer.body, type, value);
  return id === null ? notListed : delivered(id);
}

/** Deletes it by the id that an earlier delivery told, else by that of the user's subscription with this token. */
async function leave(ctx: Ctx, owner: Owner, { change, value }: Identified): Promise<RowFate> {
  const id = change.externalId ?? (await find(ctx, owner, value));
  if (typeof id !== "string") return id;
  const path = `/subscriptions/${encodeURIComponent(id)}`;
  const answer = await send(ctx, { method: "DELETE", scope: "users", path });
  if (answer.status < 300) return accepted;
  return isGone(answer) ? delivered() : refusalFate(answer);
}

/** The subscription's id, or the fate of a row that has none. One view a second. */
async function find(ctx: Ctx, { label, owner, type }: Owner, token: string): Promise<string | RowFate> {
  const path = userPath(label, owner);
  if (path === null) return unaddressable;
  const answer = await question(() => send(ctx, { method: "GET", scope: "view", path }));
  if (isGone(answer)) return delivered();
  if (answer.status >= 400) return refusalFate(answer);
  const listed = subscriptionsReply.safeParse(answer.body);
  if (!listed.success) return missing;
  return subscriptionId(answer.body, type, token) ?? delivered();
}

const subscriptionsReply = z.object({
  subscriptions: z.array(z.object({ id: z.string().min(1), type: z.string().nullish(), token: z.string().nullish() })),
});

export function subscriptionId(body: unknown, type: string, token: string): string | null {
  const listed = subscriptionsReply.safeParse(body).data?.subscriptions ?? [];
  const same = (other: string) => (type === "Email" ? lowered(other) === lowered(token) : other === token);
  return listed.find((one) => one.type === type && same(one.token ?? ""))?.id ?? null;
}

const notListed = retried(
  "RESULT_MISSING",
  "OneSignal's answer does not list the subscription among those of the user",
);
