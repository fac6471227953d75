import type { Row } from "../../../src/core/value.ts";

/** The stand-in's state. */
export interface SendgridState {
  readonly contacts: Readonly<
    Record<
      string,
      {
        readonly identifiers: Row;
        readonly fields: Row;
        readonly custom_fields: Row;
        readonly lists: readonly string[];
      }
    >
  >;
  readonly lists: Readonly<Record<string, string>>;
  readonly suppressed: Readonly<Record<string, readonly string[]>>;
  readonly erased: readonly string[];
}

export const contactsOf = (state: SendgridState, list?: string): readonly Row[] =>
  Object.values(state.contacts)
    .filter((one) => list === undefined || one.lists.some((id) => state.lists[id] === list))
    .map((one) => ({
      ...one.identifiers,
      ...one.fields,
      days_silent: one.custom_fields.e1_N ?? null,
      note: one.custom_fields.e2_T ?? null,
    }));

/** Makes contacts, as an administrator would. */
export async function seedContacts(url: string, emails: readonly string[]): Promise<void> {
  const reply = await fetch(`${url}/v3/marketing/contacts`, {
    method: "PUT",
    headers: { authorization: "Bearer SG.sandbox" },
    body: JSON.stringify({ contacts: emails.map((email) => ({ email })) }),
  });
  if (!reply.ok) throw new Error(await reply.text());
}

export const emails = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `p${n}@example.com`);
