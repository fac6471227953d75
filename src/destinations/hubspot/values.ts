import type { Change } from "../../core/change.ts";
import type { RowFate } from "../../core/result.ts";
import type { Row, Value } from "../../core/value.ts";

/** https://knowledge.hubspot.com/properties/property-field-types-in-hubspot */
export const maxPropertyCharacters = 65_536;

/**
 * A property's value is always text: "" clears it, options of a multi-select are parted by semicolons.
 * https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide
 */
export function propertyText(value: Value): string {
  if (value === null) return "";
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value) && value.every((item) => item === null || typeof item !== "object")) {
    return value.filter((item) => item !== null).join(";");
  }
  return JSON.stringify(value);
}

export function toProperties(fields: Row): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, propertyText(value)]));
}

/** What identifies the record; null where the row has no value for it. */
export function identifier(change: Pick<Change, "match">, name: string): string | null {
  const text = propertyText(change.match[name] ?? null).trim();
  return text === "" ? null : text;
}

/** HubSpot keeps addresses in lower case and compares unique values without case. */
export const folded = (text: string): string => text.trim().toLowerCase();

/** A row that can never fit, told without asking HubSpot. */
export function tooLong(change: Change): RowFate | null {
  const long = Object.entries({ ...change.match, ...change.fields }).find(
    ([, value]) => propertyText(value).length > maxPropertyCharacters,
  );
  if (long === undefined) return null;
  return {
    status: "rejected",
    code: "PROPERTY_TOO_LONG",
    message: `${long[0]} has more than ${maxPropertyCharacters} characters`,
  };
}
