import type { Row } from "../../../src/core/value.ts";

/** The stand-in's state. */
export interface MarketoState {
  readonly leads: Readonly<Record<string, { readonly id: number; readonly fields: Row }>>;
  readonly lists: Readonly<Record<string, readonly number[]>>;
  readonly imports: Readonly<Record<string, { readonly failures: readonly unknown[] }>>;
  readonly deleted: readonly number[];
  readonly activities: readonly { readonly leadId: number; readonly primary: string; readonly attributes: Row }[];
}

export const leadsOf = (state: MarketoState): readonly Row[] => Object.values(state.leads).map((one) => one.fields);

export const membersOf = (state: MarketoState, list = 1021): readonly Row[] =>
  (state.lists[String(list)] ?? []).map((id) => state.leads[String(id)]?.fields ?? {});

/** Activities under the names of a sync, with their lead's address. */
export const activitiesOf = (state: MarketoState): readonly Row[] =>
  state.activities.map(({ leadId, primary, attributes }) => ({
    email: state.leads[String(leadId)]?.fields.email ?? null,
    primaryAttributeValue: primary,
    ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`attributes.${name}`, value])),
  }));

async function token(url: string): Promise<string> {
  const query = "grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-secret";
  const reply = await fetch(`${url}/identity/oauth/token?${query}`);
  return ((await reply.json()) as { access_token: string }).access_token;
}

/** Makes leads, as an administrator would; `createDuplicate` makes them though there are such. */
export async function seedLeads(url: string, leads: readonly Row[], action = "createOrUpdate"): Promise<void> {
  const headers = { authorization: `Bearer ${await token(url)}` };
  for (let from = 0; from < leads.length; from += 300) {
    const body = JSON.stringify({ action, input: leads.slice(from, from + 300) });
    const reply = await fetch(`${url}/rest/v1/leads.json`, { method: "POST", headers, body });
    const text = await reply.text();
    if (!text.includes('"success":true')) throw new Error(text);
  }
}
