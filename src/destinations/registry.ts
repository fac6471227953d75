import type { Connector } from "./connector.ts";

/**
 * Every connector, one line each. Loaded when an account names it, so that `--help` reads none of them; drivers as large
 * as a database's load inside the connector, on first use, so that `check` can read all schemas quickly.
 */
export const connectors: Readonly<Record<string, () => Promise<Connector>>> = {
  activecampaign: async () => (await import("./activecampaign/index.ts")).activecampaign,
  braze: async () => (await import("./braze/index.ts")).braze,
  brevo: async () => (await import("./brevo/index.ts")).brevo,
  customerio: async () => (await import("./customerio/index.ts")).customerio,
  dataverse: async () => (await import("./dataverse/index.ts")).dataverse,
  file: async () => (await import("./file/index.ts")).file,
  http: async () => (await import("./http/index.ts")).http,
  hubspot: async () => (await import("./hubspot/index.ts")).hubspot,
  intercom: async () => (await import("./intercom/index.ts")).intercom,
  iterable: async () => (await import("./iterable/index.ts")).iterable,
  klaviyo: async () => (await import("./klaviyo/index.ts")).klaviyo,
  mailchimp: async () => (await import("./mailchimp/index.ts")).mailchimp,
  marketo: async () => (await import("./marketo/index.ts")).marketo,
  onesignal: async () => (await import("./onesignal/index.ts")).onesignal,
  postgres: async () => (await import("./postgres/index.ts")).postgres,
  salesforce: async () => (await import("./salesforce/index.ts")).salesforce,
  sendgrid: async () => (await import("./sendgrid/index.ts")).sendgrid,
  zendesk: async () => (await import("./zendesk/index.ts")).zendesk,
};

/** In alphabetical order. */
export const connectorIds: readonly string[] = Object.keys(connectors).sort();

/** undefined: there is no such connector. */
export async function loadConnector(id: string): Promise<Connector | undefined> {
  return Object.hasOwn(connectors, id) ? connectors[id]?.() : undefined;
}

/** All of them, for verbs that hold the project's files against every connector. */
export async function allConnectors(): Promise<Readonly<Record<string, Connector>>> {
  const loaded = await Promise.all(Object.entries(connectors).map(async ([id, load]) => [id, await load()] as const));
  return Object.fromEntries(loaded);
}
