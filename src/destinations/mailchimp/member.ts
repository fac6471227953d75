import type { FieldType } from "../../core/sync.ts";
import type { Row, Value } from "../../core/value.ts";
import type { TargetSync } from "../connector.ts";
import type { Identified } from "../identified.ts";
import { onlyFields } from "../only-fields.ts";

/** What a member has besides merge fields. https://mailchimp.com/developer/marketing/api/lists/batch-subscribe-or-unsubscribe/ */
export const memberFields: Readonly<Record<string, FieldType>> = {
  status: "text",
  email_type: "text",
  language: "text",
  vip: "boolean",
  tags: "json",
  ip_signup: "text",
  timestamp_signup: "datetime",
  ip_opt: "text",
  timestamp_opt: "datetime",
};

/** A merge tag, such as FNAME; `interests.<id>` is membership of a group. */
const mergeTag = /^[A-Z][A-Z0-9_]{0,29}$/;
const interest = /^interests\.([\w-]+)$/;

export function checkMemberFields(sync: TargetSync): void {
  onlyFields(
    sync,
    "Mailchimp members",
    (name) => name in memberFields || mergeTag.test(name) || interest.test(name),
    `Merge fields go by their tag in capitals (FNAME), groups by interests.<id>; besides there are ${Object.keys(memberFields).join(", ")}.`,
  );
}

/** A member as Mailchimp takes it; `status` of the row wins over the target's. */
export function toMember({ change, value: id }: Identified, status: string | undefined, tags: readonly string[]): Row {
  const member: Record<string, Value> = { email_address: id, ...(status === undefined ? {} : { status }) };
  const merge: Record<string, Value> = {};
  const interests: Record<string, Value> = {};
  for (const [name, value] of Object.entries(change.fields)) {
    const group = interest.exec(name)?.[1];
    if (group !== undefined) interests[group] = value === true || value === "true";
    else if (!(name in memberFields)) merge[name] = mergeValue(value);
    else if (value !== null) member[name] = value;
    else if (name === "vip") member[name] = false;
    // Mailchimp has no way to unset the others: NULL leaves them alone.
  }
  const own = Array.isArray(change.fields.tags) ? change.fields.tags.map(String) : [];
  const all = [...new Set([...tags, ...own])];
  return {
    ...member,
    ...(all.length === 0 ? {} : { tags: all }),
    ...(Object.keys(merge).length === 0 ? {} : { merge_fields: merge }),
    ...(Object.keys(interests).length === 0 ? {} : { interests }),
  };
}

/** Empty text clears. Addresses are objects; anything else is a text or a number. https://mailchimp.com/developer/marketing/docs/merge-fields/ */
function mergeValue(value: Value): Value {
  if (value === null) return "";
  if (typeof value === "boolean") return String(value);
  return Array.isArray(value) ? value.join(", ") : value;
}
