import { ConfigError } from "../../core/errors.ts";
import type { FieldType } from "../../core/sync.ts";
import type { Row } from "../../core/value.ts";
import type { TargetSync } from "../connector.ts";
import type { Identified } from "../identified.ts";
import type { Operation } from "./batch.ts";
import { type Identifier, identifiers } from "./identity.ts";

/** Reserved attributes. https://customer.io/docs/api/track/#operation/batch */
export const knownFields: Readonly<Record<string, FieldType>> = {
  email: "text",
  id: "text",
  phone: "text",
  timezone: "text",
  unsubscribed: "boolean",
  cio_subscription_preferences: "json",
};

export function checkAttributes(sync: TargetSync): void {
  const wrong = sync.fields.find((name) => name.startsWith("_") || name === "cio_id" || sync.match.includes(name));
  if (wrong === undefined) return;
  throw new ConfigError(`sync "${sync.name}": "${wrong}" is not an attribute that Customer.io lets set`, {
    hint: `What finds a person (${identifiers.join(", ")}) goes into \`match\`; names that begin with _ have a meaning of their own.`,
  });
}

const person = (by: Identifier, value: string): Row => ({ type: "person", identifiers: { [by]: value } });

/** Adds or updates. An empty value removes an attribute, which is how NULL is written; a skipped field is left out. */
export function identify({ change, value }: Identified, by: Identifier): Operation {
  const attributes = Object.fromEntries(
    Object.entries(change.fields).map(([name, field]) => [name, field === null ? "" : field]),
  );
  return { seq: change.seq, body: { ...person(by, value), action: "identify", attributes } };
}

export function act({ change, value }: Identified, by: Identifier, action: "delete" | "suppress"): Operation {
  return { seq: change.seq, body: { ...person(by, value), action } };
}

export function happen({ change, value }: Identified, by: Identifier, event: Row): Operation {
  return { seq: change.seq, body: { ...person(by, value), action: "event", ...event } };
}
