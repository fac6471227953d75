import { z } from "zod";
import type { Change } from "../../core/change.ts";
import { chunks, delivered, type Fates, noIdentifier, resultMissing } from "../fates.ts";
import { identifierText, lowered } from "../identified.ts";
import { ask, type Ctx } from "./api.ts";

/** https://www.twilio.com/docs/sendgrid/api-reference/contacts/get-contacts-by-emails */
export const maxLookup = 100;

const found = z.object({
  result: z.record(
    z.string(),
    z.object({ contact: z.object({ id: z.string() }).optional(), error: z.string().optional() }),
  ),
});
const none = z.object({ errors: z.array(z.unknown()) });

/** Ids of contacts by address in lower case; null: there is no such contact; absent: SendGrid did not say. */
export async function findContacts(ctx: Ctx, emails: readonly string[]): Promise<ReadonlyMap<string, string | null>> {
  const ids = new Map<string, string | null>();
  for (const part of chunks([...new Set(emails.map(lowered))], maxLookup)) {
    const { body } = await ask(ctx, {
      method: "POST",
      path: "/v3/marketing/contacts/search/emails",
      scope: "marketing.read",
      json: { emails: part },
      accept: [404],
      expect: found.or(none),
    });
    for (const email of part) {
      if (!("result" in body)) ids.set(email, null);
      else {
        const entry = Object.entries(body.result).find(([name]) => lowered(name) === email)?.[1];
        if (entry?.contact !== undefined) ids.set(email, entry.contact.id);
        else if (entry?.error !== undefined) ids.set(email, null);
      }
    }
  }
  return ids;
}

/** Contacts to remove, looked up by address where no id is known. Who is not there is removed already. */
export async function idsToRemove(
  ctx: Ctx,
  changes: readonly Change[],
  fates: Fates,
): Promise<readonly { readonly seq: number; readonly id: string }[]> {
  const asked = changes.flatMap((change) => {
    const email = identifierText(change.match.email);
    if (email === null) fates.set(change.seq, noIdentifier);
    return email === null ? [] : [{ seq: change.seq, email: lowered(email) }];
  });
  const ids = await findContacts(
    ctx,
    asked.map((row) => row.email),
  );
  return asked.flatMap(({ seq, email }) => {
    const id = ids.get(email);
    if (typeof id === "string") return [{ seq, id }];
    fates.set(seq, id === null ? delivered() : resultMissing("SendGrid"));
    return [];
  });
}
