import { z } from "zod";
import type { Row } from "../../core/value.ts";
import { empty, json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { type App, breach, enter, findUser, idOf, leave, nextId, problem, tokenKey, type User } from "./app.ts";

const MAX_UPDATES = 100;
const TYPES = new Set(
  "iOSPush AndroidPush FireOSPush ChromeExtensionPush ChromePush WindowsPush SafariLegacyPush FirefoxPush macOSPush HuaweiPush SafariPush Email SMS".split(
    " ",
  ),
);

const properties = z.strictObject({
  tags: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  language: z.string().optional(),
  timezone_id: z.string().optional(),
  country: z.string().optional(),
  lat: z.number().optional(),
  long: z.number().optional(),
});
const subscription = z.strictObject({
  type: z.string().refine((type) => TYPES.has(type)),
  token: z.string().min(1),
  enabled: z.boolean().optional(),
});
const createBody = z.strictObject({
  identity: z.record(z.string(), z.string().min(1)).optional(),
  properties: properties.optional(),
  subscriptions: z.array(subscription).optional(),
});
type Properties = z.infer<typeof properties>;
type NewSubscription = z.infer<typeof subscription>;

/** POST /apps/{app_id}/users: aliases look the user up; a token that somebody else has changes its owner. */
export function createUser(app: App, call: Call): Answer {
  const read = createBody.safeParse(parseJson(call.body));
  if (!read.success) return breach(read.error.issues[0]?.message ?? "unreadable");
  const { identity = {}, subscriptions = [] } = read.data;
  if (Object.keys(identity).length === 0 && subscriptions.length === 0)
    return breach("identity or subscriptions are required");
  const found = new Set(Object.entries(identity).flatMap(([label, id]) => findUser(app, label, id) ?? []));
  if (found.size > 1) return problem(409, "user-2", "aliases of several users");
  const flaw = flawOf(app, read.data.properties, subscriptions, identity);
  if (flaw !== null) return flaw;
  const [there] = found;
  const user: User = there ?? { identity: { onesignal_id: nextId(app) }, properties: {}, tags: {}, subscriptions: [] };
  leave(app, user);
  Object.assign(user.identity, identity);
  write(user, read.data.properties);
  app.kept.data.users[idOf(user)] = user;
  enter(app, user);
  for (const one of subscriptions) own(app, user, one);
  return json(there === undefined ? 201 : 200, shown(user), { applied: true, rows: { written: [idOf(user)] } });
}

function own(app: App, user: User, wanted: NewSubscription): void {
  const owner = app.kept.data.users[app.owners.get(tokenKey(wanted.type, wanted.token)) ?? ""];
  const there = owner?.subscriptions.find(
    (one) => tokenKey(one.type, one.token) === tokenKey(wanted.type, wanted.token),
  );
  if (owner !== undefined && owner !== user) {
    leave(app, owner);
    owner.subscriptions = owner.subscriptions.filter((one) => one !== there);
    enter(app, owner);
  }
  const next = there ?? { id: nextId(app), type: wanted.type, token: wanted.token, enabled: true };
  if (wanted.enabled !== undefined) next.enabled = wanted.enabled;
  if (owner !== user || there === undefined) user.subscriptions.push(next);
  enter(app, user);
}

const patchBody = z.strictObject({ properties: properties.optional() });

/** PATCH /apps/{app_id}/users/by/{alias_label}/{alias_id} */
export function updateUser(app: App, call: Call): Answer {
  const read = patchBody.safeParse(parseJson(call.body));
  if (!read.success) return breach(read.error.issues[0]?.message ?? "unreadable");
  const user = userOf(app, call);
  if (user === undefined) return nobody();
  const flaw = flawOf(app, read.data.properties, [], user.identity);
  if (flaw !== null) return flaw;
  write(user, read.data.properties);
  return json(
    202,
    { properties: { ...user.properties, tags: user.tags } },
    { applied: true, rows: { updated: [idOf(user)] } },
  );
}

export function getUser(app: App, call: Call): Answer {
  const user = userOf(app, call);
  return user === undefined ? nobody() : json(200, shown(user));
}

export function deleteUser(app: App, call: Call): Answer {
  const user = userOf(app, call);
  if (user === undefined) return nobody();
  leave(app, user);
  delete app.kept.data.users[idOf(user)];
  return json(200, { identity: user.identity }, { applied: true, rows: { deleted: [idOf(user)] } });
}

const enabledBody = z.strictObject({ subscription: z.strictObject({ enabled: z.boolean().optional() }) });

/** PATCH and DELETE /apps/{app_id}/subscriptions/{subscription_id} */
export function changeSubscription(app: App, call: Call, how: "update" | "delete"): Answer {
  const id = call.params.id ?? "";
  const read = how === "update" ? enabledBody.safeParse(parseJson(call.body)) : undefined;
  if (read?.success === false) return breach(read.error.issues[0]?.message ?? "unreadable");
  const user = app.kept.data.users[app.owners.get(`id/${id}`) ?? ""];
  const there = user?.subscriptions.find((one) => one.id === id);
  if (user === undefined || there === undefined) return problem(404, "subscription-3", "Subscription not found");
  if (how === "update") there.enabled = read?.data?.subscription.enabled ?? there.enabled;
  else {
    leave(app, user);
    user.subscriptions = user.subscriptions.filter((one) => one !== there);
    enter(app, user);
  }
  return empty(202, { applied: true, rows: { [how]: [id] } });
}

const userOf = (app: App, call: Call) => findUser(app, call.params.label ?? "", call.params.id ?? "");
const nobody = (): Answer => problem(404, "user-3", "User not found");

function flawOf(
  app: App,
  changes: Properties | undefined,
  subscriptions: readonly NewSubscription[],
  identity: Readonly<Record<string, string>>,
): Answer | null {
  const { tags = {}, ...plain } = changes ?? {};
  if (Object.keys(tags).length + Object.keys(plain).length > MAX_UPDATES)
    return breach(`at most ${MAX_UPDATES} updates`);
  const told = app.misbehaviour.forRow("onesignal", { ...identity, ...plain, ...tags } as Row);
  if (told !== undefined) return problem(400, told.code ?? "bad-request", told.message);
  if (plain.language !== undefined && !/^[a-z]{2}(-[A-Za-z]{2,4})?$/.test(plain.language))
    return problem(400, "user-5", "language is not valid");
  for (const { type, token } of subscriptions) {
    if (type === "Email" && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(token))
      return problem(400, "subscription-1", "email is not valid");
    if (type === "SMS" && !/^\+\d{5,15}$/.test(token))
      return problem(400, "subscription-2", "phone number is not valid");
  }
  return null;
}

/** An empty tag is removed. */
function write(user: User, changes: Properties | undefined): void {
  const { tags = {}, ...plain } = changes ?? {};
  Object.assign(user.properties, plain);
  for (const [name, value] of Object.entries(tags)) {
    if (value === "") delete user.tags[name];
    else user.tags[name] = String(value);
  }
}

const shown = (user: User): Row => ({
  identity: user.identity,
  properties: { ...(user.properties as Row), tags: user.tags },
  subscriptions: user.subscriptions,
});
