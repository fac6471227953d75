import { z } from "zod";
import type { Change } from "../../core/change.ts";
import { ConfigError } from "../../core/errors.ts";
import type { RowFate } from "../../core/result.ts";
import type { FieldType } from "../../core/sync.ts";
import type { Row, Value } from "../../core/value.ts";
import type { TargetSync } from "../connector.ts";
import { accepted, delivered, rejected, resultMissing } from "../fates.ts";
import type { Answer } from "./api.ts";

export const missing = resultMissing("OneSignal");

/** https://documentation.onesignal.com/reference/create-user */
export const properties: Readonly<Record<string, FieldType>> = {
  language: "text",
  timezone_id: "text",
  country: "text",
  lat: "number",
  long: "number",
};

/** "Up to 100 property updates per request": https://documentation.onesignal.com/reference/rate-limits */
const maxUpdates = 100;

const tag = /^tags\.(.+)$/;

export function checkFields(sync: TargetSync): void {
  const strange = sync.fields.find((name) => !(name in properties) && !tag.test(name));
  if (strange !== undefined) {
    throw new ConfigError(`sync "${sync.name}": OneSignal users have no property "${strange}"`, {
      hint: `Properties are ${Object.keys(properties).join(", ")}; anything else is a tag, \`tags.${strange.replace(/^.*\./, "")}\`.`,
    });
  }
  if (sync.fields.length > maxUpdates) {
    throw new ConfigError(`sync "${sync.name}": OneSignal takes ${maxUpdates} properties and tags of a user at once`, {
      hint: "Map fewer fields, or make two syncs of them.",
    });
  }
}

/** The label under which `match` names the user: external_id, onesignal_id, or an alias of the app's own. */
export function labelOf(sync: TargetSync, but: readonly string[] = []): string {
  const names = sync.match.filter((name) => !but.includes(name));
  if (names.length > 1) {
    throw new ConfigError(`sync "${sync.name}": OneSignal finds a user by one alias`, {
      hint: "Keep external_id, onesignal_id or one alias of your own in `match`.",
    });
  }
  return names[0] ?? "external_id";
}

/** Tags are texts, and an empty one removes the tag: so NULL is written. A property that is NULL is left out. */
export function toProperties(fields: Change["fields"]): Row {
  const plain: Record<string, Value> = {};
  const tags: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    const own = tag.exec(name)?.[1];
    if (own !== undefined) tags[own] = tagText(value);
    else if (value !== null) plain[name] = value;
  }
  return Object.keys(tags).length === 0 ? plain : { ...plain, tags };
}

function tagText(value: Value): string {
  if (value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** No figure is published for a tag's length; a request of more than this is refused by most front doors. */
const maxTagBytes = 10_000;

export function tooLong(fields: Row): RowFate | null {
  const long = Object.entries(fields).find(([, value]) => Buffer.byteLength(tagText(value)) > maxTagBytes);
  return long === undefined ? null : rejected("TEXT_TOO_LONG", `${long[0]} has more than ${maxTagBytes} bytes`);
}

export const userReply = z.object({ identity: z.record(z.string(), z.unknown()) });

/** A created or found user comes back with its aliases; 202 may come without. Somebody else's aliases confirm nothing. */
export function writtenFate({ status, body }: Answer, label: string, value: string): RowFate {
  const identity = userReply.safeParse(body).data?.identity;
  if (identity === undefined) return status === 202 ? accepted : missing;
  if (String(identity[label] ?? "") !== value) return missing;
  return delivered(typeof identity.onesignal_id === "string" ? identity.onesignal_id : null);
}
