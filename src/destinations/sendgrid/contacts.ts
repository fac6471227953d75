import type { Change } from "../../core/change.ts";
import type { RowFate } from "../../core/result.ts";
import type { Row, Value } from "../../core/value.ts";
import { rejected } from "../fates.ts";
import { identifierText, lowered } from "../identified.ts";
import { identifierNames, maxCharacters, reserved } from "./fields.ts";

/** What finds the contact: all of its identifiers, and the first of them for telling rows apart. */
export function identityOf(change: Pick<Change, "match">): string | null {
  const [first] = identifiersOf(change);
  return first === undefined ? null : `${first[0]}:${lowered(first[1])}`;
}

export function identifiersOf(change: Pick<Change, "match">): readonly (readonly [string, string])[] {
  return identifierNames.flatMap((name) => {
    const text = identifierText(change.match[name]);
    return text === null ? [] : [[name, text] as const];
  });
}

/** @param custom ids of custom fields by the names in the sync */
export function toContact(change: Change, custom: ReadonlyMap<string, string>): Row {
  const own: Record<string, Value> = Object.fromEntries(identifiersOf(change));
  const more: Record<string, Value> = {};
  for (const [name, value] of Object.entries(change.fields)) {
    const id = custom.get(name);
    if (id !== undefined) more[id] = customValue(value);
    else if (name === "alternate_emails") own[name] = Array.isArray(value) ? value.map(String) : [];
    else if (name in reserved)
      own[name] = value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  }
  return { ...own, ...(Object.keys(more).length === 0 ? {} : { custom_fields: more }) };
}

const customValue = (value: Value): Value => {
  if (typeof value === "boolean") return String(value);
  return value !== null && typeof value === "object" ? JSON.stringify(value) : value;
};

/** What can never fit, told without asking: one bad contact would make the whole job end with errors. */
export function flawOf(contact: Row): RowFate | null {
  for (const [name, max] of Object.entries(maxCharacters)) {
    const value = contact[name];
    if (typeof value === "string" && value.length > max) {
      return rejected("TEXT_TOO_LONG", `${name} has more than ${max} characters`);
    }
  }
  const others = contact.alternate_emails;
  return Array.isArray(others) && others.length > 5
    ? rejected("TOO_MANY_EMAILS", "a contact has at most five alternate_emails")
    : null;
}
