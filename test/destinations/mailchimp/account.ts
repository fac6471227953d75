import type { Row } from "../../../src/core/value.ts";

/** The stand-in's state. */
export interface MailchimpState {
  readonly members: readonly {
    readonly email: string;
    readonly status: string;
    readonly vip: boolean;
    readonly tags: readonly string[];
    readonly merge_fields: Row;
  }[];
  readonly events: readonly { readonly email: string; readonly name: string; readonly properties: Row }[];
  readonly forgotten: readonly string[];
}

/** Makes p0…p<count> members, as an administrator would. */
export async function seedMembers(url: string, count: number): Promise<void> {
  const emails = Array.from({ length: count }, (_, n) => `p${n}@example.com`);
  await seedEmails(url, emails);
}

export async function seedEmails(url: string, emails: readonly string[]): Promise<void> {
  for (let from = 0; from < emails.length; from += 500) {
    const members = emails.slice(from, from + 500).map((email_address) => ({ email_address, status: "subscribed" }));
    const reply = await fetch(`${url}/3.0/lists/a1b2c3d4e5`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from("any:sandbox-us6").toString("base64")}` },
      body: JSON.stringify({ members, update_existing: true }),
    });
    if (!reply.ok) throw new Error(await reply.text());
  }
}
