import type { Change } from "../../core/change.ts";
import type { FieldType } from "../../core/sync.ts";
import type { Row, Value } from "../../core/value.ts";
import type { TargetSync } from "../connector.ts";
import { onlyFields } from "../only-fields.ts";

/** https://developers.klaviyo.com/en/docs/profiles_api_overview (identifiers) */
export const identifiers = ["email", "phone_number", "external_id"] as const;
export type Identifier = (typeof identifiers)[number];

const plain = ["first_name", "last_name", "organization", "title", "image", "locale"] as const;
const place = ["address1", "address2", "city", "country", "region", "zip", "timezone", "ip"] as const;

/** Profile fields besides `properties.<name>`. */
export const knownFields: Readonly<Record<string, FieldType>> = Object.fromEntries([
  ...[...identifiers, ...plain].map((name) => [name, "text"] as const),
  ...place.map((name) => [`location.${name}`, "text"] as const),
  ["location.latitude", "number"] as const,
  ["location.longitude", "number"] as const,
]);

/** Throws ConfigError for a field that a profile does not have: Klaviyo would drop it without a word. */
export function checkProfileFields(sync: Pick<TargetSync, "name" | "fields">): void {
  onlyFields(
    sync,
    "Klaviyo profiles",
    (field) => field in knownFields || /^properties\..+/.test(field),
    (field) =>
      `Custom properties are written as \`properties.${field.replace(/^.*\./, "")}\`; others are ${Object.keys(knownFields).join(", ")}.`,
  );
}

/** One profile as the import takes it: `location.city` and `properties.x` become nested objects, null clears. */
export function toProfile(change: Change): Row {
  const attributes: Record<string, Value> = { ...given(change.match) };
  const location: Record<string, Value> = {};
  const properties: Record<string, Value> = {};
  for (const [name, value] of Object.entries(change.fields)) {
    if (name.startsWith("location.")) location[name.slice("location.".length)] = value;
    else if (name.startsWith("properties.")) properties[name.slice("properties.".length)] = value;
    else attributes[name] = value;
  }
  if (Object.keys(location).length > 0) attributes.location = location;
  if (Object.keys(properties).length > 0) attributes.properties = properties;
  return { type: "profile", attributes };
}

/** The identifiers that have a value, in the order of the sync's match. */
export function givenIdentifiers(row: Row): readonly (readonly [Identifier, string])[] {
  return Object.entries(row).flatMap(([name, value]) => {
    const identifier = identifiers.find((known) => known === name);
    const text = typeof value === "number" ? String(value) : value;
    return identifier !== undefined && typeof text === "string" && text.trim() !== ""
      ? [[identifier, text] as const]
      : [];
  });
}

/** One name per profile and identifier. Klaviyo keeps addresses in lower case. */
export function identifierName(identifier: string, value: string): string {
  return `${identifier}:${identifier === "email" ? value.trim().toLowerCase() : value.trim()}`;
}

const given = (match: Row): Row => Object.fromEntries(givenIdentifiers(match));
