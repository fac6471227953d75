import { z } from "zod";
import type { Row } from "../../core/value.ts";
import { json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { type Account, memberKey, type Segment } from "./account.ts";
import { breach, notThere, problem } from "./errors.ts";
import { shown, tagNamed } from "./members.ts";

const MAX_EMAILS = 500;
const createBody = z.strictObject({ name: z.string().min(1), static_segment: z.array(z.string()) });
const changeBody = z.strictObject({
  members_to_add: z.array(z.string()).optional(),
  members_to_remove: z.array(z.string()).optional(),
});

const known = (account: Account, call: Call): boolean =>
  Object.hasOwn(account.config.audiences, call.params.list ?? "");

function described(account: Account, segment: Segment): Row {
  const members = [...account.members.values()].filter(
    (member) => member.list === segment.list && member.tags.includes(segment.name),
  );
  return {
    id: segment.id,
    name: segment.name,
    type: "static",
    member_count: members.filter((member) => member.status === "subscribed").length,
    list_id: segment.list,
  };
}

export function listSegments(account: Account, call: Call): Answer {
  if (!known(account, call)) return notThere();
  const all = [...account.segments.values()].filter((segment) => segment.list === call.params.list);
  const [offset, count] = [Number(call.query.get("offset") ?? 0), Number(call.query.get("count") ?? 10)];
  if (!(count >= 1 && count <= 1000)) return breach("count must be at most 1000", "count");
  const segments = all.slice(offset, offset + count).map((segment) => described(account, segment));
  return json(200, { segments, list_id: call.params.list ?? "", total_items: all.length });
}

export function createSegment(account: Account, call: Call): Answer {
  if (!known(account, call)) return notThere();
  const body = createBody.safeParse(parseJson(call.body));
  if (!body.success) return breach("does not fit", body.error.issues[0]?.path.join("."));
  const list = call.params.list ?? "";
  const taken = [...account.segments.values()].some((one) => one.list === list && one.name === body.data.name);
  if (taken) return problem(400, "Bad Request", "Sorry, that tag already exists.");
  const id = tagNamed(account, list, body.data.name);
  const segment = account.segments.get(id);
  if (segment === undefined) return notThere();
  for (const email of body.data.static_segment) account.members.get(memberKey(list, email))?.tags.push(segment.name);
  return json(200, described(account, segment), { applied: true, rows: { created: [segment.name] } });
}

/** POST …/segments/{segment_id}: addresses that are not in the audience are ignored, and named among the errors. */
export function changeSegment(account: Account, call: Call): Answer {
  const segment = account.segments.get(Number(call.params.segment));
  if (segment === undefined || segment.list !== call.params.list) return notThere();
  const body = changeBody.safeParse(parseJson(call.body));
  if (!body.success) return breach("does not fit", body.error.issues[0]?.path.join("."));
  const { members_to_add: add = [], members_to_remove: remove = [] } = body.data;
  if (add.length > MAX_EMAILS || remove.length > MAX_EMAILS) return breach(`more than ${MAX_EMAILS} emails`);
  const strangers: string[] = [];
  const change = (emails: readonly string[], wanted: boolean) =>
    emails.flatMap((email) => {
      const member = account.members.get(memberKey(segment.list, email));
      if (member === undefined || member.status === "archived") {
        strangers.push(email);
        return [];
      }
      if (member.tags.includes(segment.name) === wanted) return [];
      member.tags = wanted ? [...member.tags, segment.name] : member.tags.filter((tag) => tag !== segment.name);
      return [shown(account, member)];
    });
  const [added, removed] = [change(add, true), change(remove, false)];
  const errors =
    strangers.length === 0
      ? []
      : [{ email_addresses: strangers, error: "Email addresses do not exist on this audience." }];
  const emailsOf = (rows: readonly Row[]) => rows.map((row) => String(row.email_address));
  const reply = {
    members_added: added,
    members_removed: removed,
    errors,
    total_added: added.length,
    total_removed: removed.length,
    error_count: errors.length,
  };
  const extras = {
    applied: added.length + removed.length > 0,
    rows: { added: emailsOf(added), removed: emailsOf(removed) },
  };
  return json(200, reply, extras);
}
