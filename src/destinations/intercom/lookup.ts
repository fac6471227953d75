import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { TargetSync } from "../connector.ts";
import { chunks } from "../fates.ts";
import { type Identified, lowered } from "../identified.ts";
import { question } from "../question.ts";
import { type Ctx, call } from "./api.ts";

export const identifiers = ["external_id", "email", "id"] as const;
export type Identifier = (typeof identifiers)[number];

/** What finds a contact: one identifier; several contacts may have one address. */
export function identifierOf(sync: TargetSync): Identifier {
  const by = identifiers.find((name) => sync.match.includes(name)) ?? "external_id";
  if (sync.match.length <= 1) return by;
  throw new ConfigError(`sync "${sync.name}": an Intercom contact is found by one of ${identifiers.join(", ")}`, {
    hint: `Keep ${by} in \`match\`; others may be fields.`,
  });
}

export const foldedBy = (by: Identifier) => (by === "email" ? lowered : (text: string) => text);

/** Values of one search, and contacts of its page. How many an IN takes is not published. https://developers.intercom.com/docs/references/rest-api/api.intercom.io/contacts/searchcontacts */
export const maxSearched = 50;
const perPage = 150;

const page = z.object({
  data: z.array(z.object({ id: z.string().min(1), external_id: z.string().nullish(), email: z.string().nullish() })),
  pages: z.object({ next: z.object({ starting_after: z.string().nullish() }).nullish() }).nullish(),
});

/** Ids of the contacts of these rows, by folded identifier. A contact made in the last minutes may not be found yet. */
export async function findContacts(
  ctx: Ctx,
  by: Identifier,
  rows: readonly Identified[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  const fold = foldedBy(by);
  for (const part of chunks(rows, maxSearched)) {
    let after: string | null = null;
    do {
      const pagination: { per_page: number; starting_after?: string } = {
        per_page: perPage,
        ...(after === null ? {} : { starting_after: after }),
      };
      const { body } = await question(() =>
        call(ctx, {
          method: "POST",
          path: "/contacts/search",
          scope: "Read and list users and companies",
          json: { query: { field: by, operator: "IN", value: part.map((row) => row.value) }, pagination },
          expect: page,
        }),
      );
      for (const contact of body.data) {
        const name = fold(contact[by] ?? "");
        found.set(name, [...(found.get(name) ?? []), contact.id]);
      }
      const next = body.pages?.next?.starting_after ?? null;
      after = next === after ? null : next;
    } while (after !== null);
  }
  return found;
}
