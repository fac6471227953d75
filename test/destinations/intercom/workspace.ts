import type { Row } from "../../../src/core/value.ts";

export interface IntercomContact {
  readonly id: string;
  readonly external_id: string | null;
  readonly email: string | null;
  readonly archived: boolean;
  readonly fields: Row;
  readonly custom_attributes: Row;
  readonly tags: readonly string[];
  readonly companies: readonly string[];
}
export interface IntercomState {
  readonly contacts: Readonly<Record<string, IntercomContact>>;
  readonly companies: Readonly<Record<string, { readonly company_id: string; readonly fields: Row }>>;
  readonly tags: readonly { readonly id: string; readonly name: string }[];
  readonly events: readonly Row[];
}

export const activeContacts = (state: IntercomState): readonly IntercomContact[] =>
  Object.values(state.contacts).filter((contact) => !contact.archived);

/** Under the names that a sync uses. */
export function flatContact({ external_id, email, fields, custom_attributes }: IntercomContact): Row {
  const own = Object.entries(custom_attributes).map(([name, value]) => [`custom_attributes.${name}`, value] as const);
  return { ...fields, ...Object.fromEntries(own), external_id, email };
}

/** Posts each of the bodies, as an administrator would. */
export async function post(url: string, path: string, bodies: readonly Row[]): Promise<void> {
  const headers = { authorization: "Bearer intercom-sandbox", "intercom-version": "2.16" };
  for (const body of bodies) {
    const reply = await fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    if (!reply.ok) throw new Error(await reply.text());
  }
}
