import type { HubspotAccount } from "./account.ts";

/** The same resources under both ways of naming a version; associations and subscriptions were v4 when objects were v3. */
function prefix(account: HubspotAccount, area: string, old: string): string {
  const version = account.api_version;
  if (version !== "v3") return `/${area}/${version}`;
  const [root = "", ...rest] = area.split("/");
  return `/${[root, old, ...rest].join("/")}`;
}

/** https://developers.hubspot.com/docs/api-reference/crm-objects-v3/guide */
export const objectsPath = (account: HubspotAccount, object: string): string =>
  `${prefix(account, "crm/objects", "v3")}/${object}`;

/** https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide */
export const propertiesPath = (account: HubspotAccount, object: string): string =>
  `${prefix(account, "crm/properties", "v3")}/${object}`;

/** https://developers.hubspot.com/docs/api-reference/crm-lists-v3/guide */
export const listsPath = (account: HubspotAccount): string => prefix(account, "crm/lists", "v3");

/** https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide */
export const associationsPath = (account: HubspotAccount, from: string, to: string): string =>
  `${prefix(account, "crm/associations", "v4")}/${from}/${to}/batch`;

/** https://developers.hubspot.com/docs/api-reference/communication-preferences-subscriptions-v4/guide */
export const subscriptionsPath = (account: HubspotAccount): string =>
  prefix(account, "communication-preferences", "v4");

/** Documented under v3 alone. https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/basic/post-crm-v3-objects-contacts-gdpr-delete */
export const erasurePath = "/crm/v3/objects/contacts/gdpr-delete";

/** https://developers.hubspot.com/docs/api-reference/account-account-info-v3/guide */
export const accountInfoPath = "/account-info/v3/details";

/** Two pages write the dated path in two ways, so it is v3 for all. https://developers.hubspot.com/docs/api-reference/legacy/events/send-event-data/batch-send-occurrences */
export const eventsPath = "/events/v3";

export const eventDefinitionPath = (name: string): string =>
  `${eventsPath}/event-definitions/${encodeURIComponent(name)}`;
