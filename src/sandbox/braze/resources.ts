import { z } from "zod";
import type { Row } from "../../core/value.ts";
import { json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { breach, fatal } from "./errors.ts";
import { aliasName, dropUser, findUser, nameOf, shownUser, type User, type Workspace } from "./workspace.ts";

const MAX_USERS = 50;
const PAGE = 50;
const STANDARD = new Set(["email", "phone", "first_name", "last_name", "country", "language", "dob", "gender"]);
const texts = z.array(z.string().min(1)).min(1).max(MAX_USERS);
const aliases = z
  .array(z.strictObject({ alias_name: z.string(), alias_label: z.string() }))
  .min(1)
  .max(MAX_USERS);

const deleteBody = z.union([
  z.strictObject({ external_ids: texts }),
  z.strictObject({ braze_ids: texts }),
  z.strictObject({ user_aliases: aliases }),
]);

/** POST /users/delete */
export function deleteUsers(workspace: Workspace, call: Call): Answer {
  const read = deleteBody.safeParse(parseJson(call.body));
  if (!read.success) return breach(400, `one kind of identifier, at most ${MAX_USERS} users`);
  const names =
    "external_ids" in read.data
      ? read.data.external_ids.map((id) => nameOf("external_id", id))
      : "braze_ids" in read.data
        ? read.data.braze_ids.map((id) => nameOf("braze_id", id))
        : read.data.user_aliases.map(aliasName);
  const users = names.flatMap((name) => findUser(workspace, name) ?? []);
  for (const user of users) dropUser(workspace, user);
  return json(
    201,
    { deleted: names.length, message: "success" },
    { applied: users.length > 0, rows: { deleted: names } },
  );
}

const exportBody = z.strictObject({
  external_ids: texts.optional(),
  user_aliases: aliases.optional(),
  fields_to_export: z.array(z.string()),
});

/** POST /users/export/ids */
export function exportUsers(workspace: Workspace, call: Call): Answer {
  const read = exportBody.safeParse(parseJson(call.body));
  if (!read.success) return breach(400, "the body is not as described");
  const { external_ids = [], user_aliases = [], fields_to_export: fields } = read.data;
  const users = [
    ...external_ids.map((id) => findUser(workspace, nameOf("external_id", id))),
    ...user_aliases.map((one) => findUser(workspace, aliasName(one))),
  ].filter((user) => user !== undefined);
  const strangers = external_ids.filter((id) => findUser(workspace, nameOf("external_id", id)) === undefined);
  const shown = (user: User): Row => {
    const all: Row = { ...(user.attributes as Row), ...shownUser(user) };
    return Object.fromEntries(fields.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])));
  };
  return json(201, {
    message: "success",
    users: users.map(shown),
    ...(strangers.length > 0 ? { invalid_user_ids: strangers } : {}),
  });
}

const statusBody = z.strictObject({
  subscription_groups: z
    .array(
      z.strictObject({
        subscription_group_id: z.string(),
        subscription_state: z.enum(["subscribed", "unsubscribed"]),
        external_ids: texts.optional(),
        emails: texts.optional(),
        phones: texts.optional(),
      }),
    )
    .min(1),
});

/** POST /v2/subscription/status/set: all or nothing. */
export function setSubscriptions(workspace: Workspace, call: Call): Answer {
  const read = statusBody.safeParse(parseJson(call.body));
  if (!read.success) return breach(400, "the body is not as described");
  const wanted: [string, string][] = [];
  for (const group of read.data.subscription_groups) {
    const { subscription_group_id: id, subscription_state, external_ids = [], emails = [], phones = [] } = group;
    if (external_ids.length + emails.length + phones.length > MAX_USERS)
      return breach(400, `at most ${MAX_USERS} users`);
    if (!workspace.config.groups.includes(id)) return fatal(400, "The subscription group id is not valid");
    if (emails.some((email) => !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email))) return fatal(400, "Invalid email address");
    if (phones.some((phone) => !/^\+\d{5,15}$/.test(phone))) return fatal(400, "Invalid phone number");
    const names = [
      ...external_ids.map((one) => nameOf("external_id", one)),
      ...emails.map((one) => nameOf("email", one)),
      ...phones.map((one) => nameOf("phone", one)),
    ];
    for (const name of names) wanted.push([`${id}/${name}`, subscription_state]);
  }
  for (const [name, state] of wanted) workspace.kept.data.subscriptions[name] = state;
  return json(201, { message: "success" }, { applied: true, rows: { set: wanted.map(([name]) => name) } });
}

/** GET /custom_attributes: fifty a page, the next one named in the Link header. */
export function customAttributes(workspace: Workspace, call: Call): Answer {
  const seen = new Map<string, string>();
  for (const user of Object.values(workspace.kept.data.users)) {
    for (const [name, value] of Object.entries(user.attributes)) {
      if (!STANDARD.has(name)) seen.set(name, dataType(value));
    }
  }
  const all = [...seen].sort(([a], [b]) => (a < b ? -1 : 1));
  const from = Number(call.query.get("cursor") ?? 0);
  const attributes = all.slice(from, from + PAGE).map(([name, data_type]) => ({
    array_length: null,
    data_type,
    description: null,
    name,
    status: "Active",
    tag_names: [],
  }));
  const more = all.length > from + PAGE;
  const link = `<https://rest.iad-01.braze.com/custom_attributes/?cursor=${from + PAGE}>; rel="next"`;
  return json(200, { message: "success", attributes }, more ? { headers: { link } } : {});
}

function dataType(value: unknown): string {
  if (Array.isArray(value)) return "Array";
  if (typeof value === "object") return "Object";
  return { number: "Number", boolean: "Boolean" }[typeof value as "number" | "boolean"] ?? "String";
}
