import type { Row } from "../../../src/core/value.ts";

/** The stand-in's state. */
export interface ActiveCampaignState {
  readonly contacts: Readonly<
    Record<
      string,
      {
        readonly id: number;
        readonly email: string;
        readonly first_name: string;
        readonly fields: Readonly<Record<string, string>>;
        readonly lists: Readonly<Record<string, "1" | "2">>;
        readonly tags: Readonly<Record<string, number>>;
      }
    >
  >;
  readonly tags: Readonly<Record<string, string>>;
}

export const contactsOf = (
  state: ActiveCampaignState,
  where: (one: ActiveCampaignState["contacts"][string]) => boolean = () => true,
): readonly Row[] =>
  Object.values(state.contacts)
    .filter(where)
    .map(({ email, first_name, fields }) => ({ email, first_name, ...fields }));

/** Makes contacts, as an administrator would. */
export async function seedContacts(url: string, emails: readonly string[]): Promise<void> {
  for (let from = 0; from < emails.length; from += 250) {
    const contacts = emails.slice(from, from + 250).map((email) => ({ email }));
    const reply = await fetch(`${url}/api/3/import/bulk_import`, {
      method: "POST",
      headers: { "api-token": "ac-sandbox-key" },
      body: JSON.stringify({ contacts }),
    });
    if (!reply.ok) throw new Error(await reply.text());
  }
}

export const emails = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `p${n}@example.com`);
