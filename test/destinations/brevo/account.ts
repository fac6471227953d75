import type { Row } from "../../../src/core/value.ts";

/** The stand-in's state. */
export interface BrevoState {
  readonly contacts: Readonly<
    Record<
      string,
      {
        readonly email: string;
        readonly attributes: Row;
        readonly lists: readonly number[];
        readonly emailBlacklisted: boolean;
      }
    >
  >;
  readonly lists: Readonly<Record<string, string>>;
  readonly events: readonly { readonly identifiers: Row; readonly event_properties?: Row }[];
}

export const contactsOf = (state: BrevoState, list?: string): readonly Row[] =>
  Object.values(state.contacts)
    .filter((one) => list === undefined || one.lists.some((id) => state.lists[id] === list))
    .map((one) => ({ email: one.email, ...one.attributes }));

/** Makes contacts, as an administrator would: by an import into a list. */
export async function seedContacts(url: string, emails: readonly string[]): Promise<void> {
  const post = async (path: string, body: object): Promise<Row> => {
    const headers = { "api-key": "xkeysib-sandbox" };
    const reply = await fetch(`${url}/v3/contacts${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    if (!reply.ok) throw new Error(await reply.text());
    return (await reply.json()) as Row;
  };
  const { id } = await post("/lists", { name: "Seeded", folderId: 1 });
  await post("/import", { jsonBody: emails.map((email) => ({ email, attributes: {} })), listIds: [id] });
}

export const emails = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `p${n}@example.com`);
