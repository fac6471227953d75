import { z } from "zod";
import type { Row, Value } from "../../core/value.ts";
import { empty, json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { type Account, hashOf, type Member, memberKey } from "./account.ts";
import { breach, notThere, problem } from "./errors.ts";

const MAX_MEMBERS = 500;
const MAX_TEXT = 255;
const STATUSES = ["subscribed", "unsubscribed", "cleaned", "pending", "transactional"] as const;

const written = {
  email_type: z.enum(["html", "text"]).optional(),
  language: z.string().optional(),
  vip: z.boolean().optional(),
  merge_fields: z.record(z.string(), z.union([z.string(), z.number(), z.record(z.string(), z.string())])).optional(),
  interests: z.record(z.string(), z.boolean()).optional(),
  location: z.strictObject({ latitude: z.number(), longitude: z.number() }).optional(),
  ip_signup: z.string().optional(),
  ip_opt: z.string().optional(),
  timestamp_signup: z.string().optional(),
  timestamp_opt: z.string().optional(),
};
const batchBody = z.strictObject({
  members: z
    .array(
      z.strictObject({
        ...written,
        email_address: z.string(),
        status: z.enum(STATUSES).optional(),
        tags: z.array(z.string()).optional(),
      }),
    )
    .min(1),
  sync_tags: z.boolean().optional(),
  update_existing: z.boolean().optional(),
});
const patchBody = z.strictObject({
  ...written,
  email_address: z.string().optional(),
  status: z.enum(["subscribed", "unsubscribed", "cleaned", "pending"]).optional(),
});
type Written = z.infer<typeof batchBody>["members"][number];
type Patched = { readonly [K in keyof Written]?: Written[K] | undefined };

interface Refusal {
  readonly error: string;
  readonly error_code: string;
  readonly field: string;
  readonly field_message: string;
}

/** POST /lists/{list_id}: each member has its own fate, and the request is answered 200. */
export function batchMembers(account: Account, call: Call): Answer {
  const list = call.params.list ?? "";
  if (!Object.hasOwn(account.config.audiences, list)) return notThere();
  const body = batchBody.safeParse(parseJson(call.body));
  if (!body.success) {
    const [issue] = body.error.issues;
    return breach(issue?.message ?? "does not fit", issue?.path.join(".") ?? "");
  }
  const { members, update_existing: updates = false, sync_tags: sync = false } = body.data;
  if (members.length > MAX_MEMBERS) return breach(`more than ${MAX_MEMBERS} members`, "members");
  const [added, updated, errors]: [Value[], Value[], Value[]] = [[], [], []];
  const seen = new Set<string>();
  const touched: Record<string, string[]> = { created: [], updated: [], rejected: [] };
  for (const one of members) {
    const there = account.members.get(memberKey(list, one.email_address));
    const repeated = seen.has(hashOf(one.email_address));
    seen.add(hashOf(one.email_address));
    const refusal = repeated
      ? refuse(`${one.email_address} appears more than once in the request.`)
      : judge(account, list, one, there, updates, call.query.get("skip_merge_validation") === "true");
    if (refusal !== undefined) {
      errors.push({ email_address: one.email_address, ...refusal });
      touched.rejected?.push(one.email_address);
      continue;
    }
    const member = write(account, list, one, there, sync);
    (there === undefined || there.status === "archived" ? added : updated).push(shown(account, member));
    touched[there === undefined ? "created" : "updated"]?.push(one.email_address);
  }
  const reply = {
    new_members: added,
    updated_members: updated,
    errors,
    total_created: added.length,
    total_updated: updated.length,
    error_count: errors.length,
    _links: [],
  };
  return json(200, reply, { applied: added.length + updated.length > 0, rows: touched });
}

const refuse = (error: string, field = "", code = "ERROR_GENERIC"): Refusal => ({
  error,
  error_code: code,
  field,
  field_message: field === "" ? "" : error,
});

function judge(
  account: Account,
  list: string,
  one: Written,
  there: Member | undefined,
  updates: boolean,
  skipMerge: boolean,
): Refusal | undefined {
  const email = one.email_address;
  if (!/^[\w.+'-]+@[^\s@]+\.[^\s@.]+$/.test(email))
    return refuse("Please provide a valid email address.", "email address");
  if (account.forgotten.has(memberKey(list, email)))
    return refuse(`${email} was permanently deleted and cannot be re-imported. The contact must re-subscribe.`);
  const lives = there !== undefined && there.status !== "archived";
  if (lives && !updates) return refuse(`${email} is already a list member`, "", "ERROR_CONTACT_EXISTS");
  if (!lives && one.status === undefined) return refuse("status: This value should not be blank.", "status");
  if (there?.status === "unsubscribed" && one.status === "subscribed")
    return refuse(
      `${email} is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed.`,
    );
  return mergeRefusal(account, one.merge_fields ?? {}, !lives && !skipMerge);
}

function mergeRefusal(account: Account, fields: Readonly<Record<string, unknown>>, creates: boolean) {
  for (const [tag, value] of Object.entries(fields)) {
    const type = account.config.merge_fields[tag]?.replace("!", "");
    if (value === "") continue;
    if (type === "number" && !Number.isFinite(Number(value)))
      return refuse(`Your merge fields were invalid: ${tag}`, tag);
    if (type === "date" && !/^\d{4}-\d{2}-\d{2}/.test(String(value)))
      return refuse(`Your merge fields were invalid: ${tag}`, tag);
    if (type === "address" && typeof value !== "object") return refuse(`Please enter a complete address`, tag);
    if (type === "text" && String(value).length > MAX_TEXT) return refuse(`${value} is too long`, tag);
    const told = account.misbehaviour.forRow("mailchimp", { [tag]: String(value) });
    if (told !== undefined) return refuse(told.message, tag, told.code ?? "ERROR_GENERIC");
  }
  const missing = Object.entries(account.config.merge_fields).find(
    ([tag, type]) => creates && type.endsWith("!") && (fields[tag] ?? "") === "",
  );
  return missing === undefined ? undefined : refuse("Please enter a value", missing[0]);
}

function write(account: Account, list: string, one: Patched, there: Member | undefined, syncTags: boolean): Member {
  const email = one.email_address ?? there?.email ?? "";
  const merged = { ...there?.merge_fields, ...one.merge_fields };
  // Only the merge fields that an audience has are kept.
  const known = Object.entries(merged).filter(([tag]) => Object.hasOwn(account.config.merge_fields, tag));
  const tags = [...new Set([...(syncTags ? [] : (there?.tags ?? [])), ...(one.tags ?? [])])];
  for (const name of tags) tagNamed(account, list, name);
  const member: Member = {
    email,
    list,
    status: one.status ?? there?.status ?? "subscribed",
    language: one.language ?? there?.language ?? "",
    vip: one.vip ?? there?.vip ?? false,
    email_type: one.email_type ?? there?.email_type ?? "html",
    merge_fields: Object.fromEntries(known),
    interests: { ...there?.interests, ...one.interests },
    tags,
  };
  if (there !== undefined) account.members.delete(memberKey(list, there.email));
  account.members.set(memberKey(list, email), member);
  return member;
}

/** The static segment that a tag is. */
export function tagNamed(account: Account, list: string, name: string): number {
  const found = [...account.segments.values()].find((segment) => segment.list === list && segment.name === name);
  if (found !== undefined) return found.id;
  account.counter += 1;
  account.segments.set(account.counter, { id: account.counter, list, name });
  return account.counter;
}

const find = (account: Account, call: Call): Member | undefined =>
  account.members.get(`${call.params.list}/${call.params.hash}`);

export function getMember(account: Account, call: Call): Answer {
  const member = find(account, call);
  return member === undefined ? notThere() : json(200, shown(account, member));
}

/** PATCH /lists/{list_id}/members/{subscriber_hash}: never creates. */
export function patchMember(account: Account, call: Call): Answer {
  const body = patchBody.safeParse(parseJson(call.body));
  if (!body.success) return breach(body.error.issues[0]?.message ?? "", body.error.issues[0]?.path.join("."));
  const member = find(account, call);
  if (member === undefined) return notThere();
  if (member.status === "unsubscribed" && body.data.status === "subscribed")
    return problem(400, "Member In Compliance State", `${member.email} is in a compliance state.`);
  const refusal = mergeRefusal(account, body.data.merge_fields ?? {}, false);
  if (refusal !== undefined)
    return problem(400, "Invalid Resource", "Your merge fields were invalid.", {
      errors: [{ field: refusal.field, message: refusal.error }],
    });
  const next = write(account, member.list, body.data, member, false);
  return json(200, shown(account, next), { applied: true, rows: { updated: [next.email] } });
}

/** DELETE …/members/{subscriber_hash} */
export function archiveMember(account: Account, call: Call): Answer {
  const member = find(account, call);
  if (member === undefined) return notThere();
  if (member.status === "archived") return problem(405, "Method Not Allowed", "This list member cannot be removed.");
  member.status = "archived";
  return empty(204, { applied: true, rows: { archived: [member.email] } });
}

/** POST …/members/{subscriber_hash}/actions/delete-permanent */
export function deleteMember(account: Account, call: Call): Answer {
  const member = find(account, call);
  if (member === undefined) return notThere();
  const key = memberKey(member.list, member.email);
  account.members.delete(key);
  account.forgotten.add(key);
  return empty(204, { applied: true, rows: { erased: [member.email] } });
}

const eventBody = z.strictObject({
  name: z.string().min(2).max(30),
  occurred_at: z.string().optional(),
  is_syncing: z.boolean().optional(),
  properties: z.record(z.string(), z.string()).optional(),
});

/** POST …/members/{subscriber_hash}/events */
export function addEvent(account: Account, call: Call): Answer {
  const body = eventBody.safeParse(parseJson(call.body));
  if (!body.success) return breach(body.error.issues[0]?.message ?? "", body.error.issues[0]?.path.join("."));
  const member = find(account, call);
  if (member === undefined || member.status === "archived") return notThere();
  const { name, occurred_at: at = account.clock.now().toISOString(), properties = {} } = body.data;
  if (Number.isNaN(Date.parse(at))) return breach("not a date", "occurred_at");
  account.events.push({ list: member.list, email: member.email, name, occurred_at: at, properties });
  return empty(204, { applied: true, rows: { recorded: [member.email] } });
}

export function shown(account: Account, member: Member): Row {
  const tags = member.tags.map((name) => ({ id: tagNamed(account, member.list, name), name }));
  return {
    id: hashOf(member.email),
    contact_id: hashOf(`contact ${member.email}`),
    email_address: member.email,
    unique_email_id: hashOf(member.email).slice(0, 10),
    email_type: member.email_type,
    status: member.status,
    merge_fields: member.merge_fields as Row,
    interests: member.interests,
    vip: member.vip,
    language: member.language,
    tags_count: tags.length,
    tags,
    list_id: member.list,
  };
}
