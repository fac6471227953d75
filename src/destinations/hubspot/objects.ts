import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { TargetSync } from "../connector.ts";

/** contacts, companies, deals, …; a custom object's fully qualified name (p123_name) or type id (2-123). */
export const objectName = z
  .string()
  .regex(/^([a-z]\w{0,99}|\d{1,3}-\d{1,15})$/i, "contacts, companies, deals, p123_name or 2-123");

/** https://developers.hubspot.com/docs/guides/crm/understanding-the-crm#object-type-ids */
const typeIds: Readonly<Record<string, string>> = { contacts: "0-1", companies: "0-2", deals: "0-3", tickets: "0-5" };

/** Lists name object types by id. */
export function objectTypeId(object: string): string {
  const id = typeIds[object] ?? object;
  if (/^\d+-\d+$/.test(id)) return id;
  throw new ConfigError(`a list of ${object} needs the object's type id`, {
    hint: "Write it as `object: 2-123`: it stands in the address of the object's page in HubSpot's settings.",
  });
}

/** https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/scopes */
export function objectScope(object: string, access: "read" | "write"): string {
  const standard = Object.entries(typeIds).find(([name, id]) => name === object || id === object)?.[0];
  if (standard === "tickets") return "tickets";
  return `crm.objects.${standard ?? "custom"}.${access}`;
}

/** The record's own number, as HubSpot calls it among properties. */
export const recordId = "hs_object_id";

const propertyName = /^[A-Za-z]\w{0,99}$/;

/** The one property that finds a record. Throws ConfigError where `match` does not say which, or cannot serve the mode. */
export function identityOf(options: { readonly id_property?: string | undefined }, sync: TargetSync): string {
  const name = options.id_property ?? (sync.match.length === 1 ? sync.match[0] : undefined);
  const wrong = [...sync.match, ...sync.fields].find((one) => !propertyName.test(one));
  if (wrong !== undefined) {
    throw new ConfigError(`sync "${sync.name}": "${wrong}" is not a HubSpot property`, {
      hint: "Use internal names, such as firstname or customer_no.",
    });
  }
  // An empty match is refused by the configuration already (needsMatch).
  if (sync.match.length === 0) return recordId;
  if (name === undefined || !sync.match.includes(name)) {
    throw new ConfigError(`sync "${sync.name}": HubSpot finds a record by one unique property`, {
      hint: "Keep a single property in `match`, or name one of them in `to: {id_property: …}`.",
    });
  }
  if (name === recordId && (sync.mode === "insert" || sync.mode === "append")) {
    throw new ConfigError(`sync "${sync.name}": mode ${sync.mode} cannot match by ${recordId}`, {
      hint: "HubSpot gives record ids itself: match by a unique property, or use mode update.",
    });
  }
  return name;
}
