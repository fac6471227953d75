import type { CrmRecord, Portal } from "./portal.ts";
import { uniqueKey } from "./portal.ts";

const MAX_CHARACTERS = 65_536;
export const NUMBERS = new Set(["amount", "annualrevenue", "days_silent"]);
export const READ_ONLY = new Set(["createdate", "hs_object_id", "lastmodifieddate"]);

export interface Flaw {
  readonly error: string;
  readonly name: string;
  readonly message: string;
}

/** What HubSpot has against these properties; undefined: nothing. Any name is a property, except those that begin with no_such_. */
export function flawOf(portal: Portal, type: string, properties: Readonly<Record<string, string>>): Flaw | undefined {
  for (const [name, value] of Object.entries(properties)) {
    if (!/^[a-z][a-z0-9_]*$/.test(name) || name.startsWith("no_such_"))
      return { error: "PROPERTY_DOESNT_EXIST", name, message: `Property "${name}" does not exist` };
    if (READ_ONLY.has(name)) return { error: "READ_ONLY_VALUE", name, message: `"${name}" is a read only property` };
    if (value.length > MAX_CHARACTERS) return { error: "PROPERTY_TOO_LONG", name, message: `${value} is too long` };
    if (name === "email" && value !== "" && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value))
      return { error: "INVALID_EMAIL", name, message: `Email address ${value} is invalid` };
    if (name === "email" && portal.blocked.has(value.toLowerCase()))
      return { error: "INVALID_EMAIL", name, message: `${value} was permanently deleted` };
    if (NUMBERS.has(name) && value !== "" && !Number.isFinite(Number(value)))
      return { error: "INVALID_NUMBER", name, message: `${value} was not a valid number.` };
  }
  const told = portal.misbehaviour.forRow("hubspot", properties);
  return told === undefined ? undefined : { error: told.code ?? "INVALID_OPTION", name: type, message: told.message };
}

/** `Property values were not valid: […]`, quoting values as HubSpot does. */
export function invalidMessage(flaw: Flaw): string {
  const detail = { isValid: false, message: flaw.message, error: flaw.error, name: flaw.name };
  return `Property values were not valid: ${JSON.stringify([{ ...detail, localizedErrorMessage: flaw.message }])}`;
}

/** Another record that has one of these unique values. */
export function conflictOf(
  portal: Portal,
  type: string,
  properties: Readonly<Record<string, string>>,
  own: CrmRecord | undefined,
): string | undefined {
  for (const name of portal.config.unique[type] ?? []) {
    const value = properties[name] ?? "";
    const holder = value === "" ? undefined : portal.unique.get(uniqueKey(type, name, value));
    if (holder !== undefined && holder !== own?.id) return name;
  }
  return undefined;
}
