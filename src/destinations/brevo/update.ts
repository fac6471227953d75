import { z } from "zod";
import { BatchRefused } from "../../core/delivery-errors.ts";
import type { Row } from "../../core/value.ts";
import { delivered, type Fates, notFound } from "../fates.ts";
import type { Identified } from "../identified.ts";
import { type Ctx, callText } from "./api.ts";

/** No figure is published: conservative. */
export const maxUpdates = 100;

/** Said of a request that was refused as a whole: nobody was updated. */
const missing = z.object({ code: z.literal("document_not_found"), message: z.string() });

/**
 * Updates who is there and never creates. Brevo refuses all of them where some are not there, and names those by their place:
 * https://github.com/sendinblue/APIv3-php-library/issues/257. They are left out, and the others sent again.
 */
export async function updateContacts(
  ctx: Ctx,
  rows: readonly (Identified & { readonly body: Row })[],
  fates: Fates,
): Promise<void> {
  let left = rows;
  while (left.length > 0) {
    const { status, body } = await callText(ctx, {
      method: "POST",
      path: "/contacts/batch",
      json: { contacts: left.map((row) => row.body) },
      accept: [404],
    });
    if (status === 204) {
      for (const row of left) fates.set(row.change.seq, delivered());
      return;
    }
    // 207, which a page mentions without its body, and whatever else is 2xx: rows stay without a result and are tried again.
    if (status !== 404) return;
    const absent = missingPlaces(body, left.length);
    if (absent.size === 0) {
      throw new BatchRefused("Brevo answered 404 and names no contact", {
        hint: "Mend the row, or use mode upsert.",
        context: { status },
        reason: "NOT_FOUND",
      });
    }
    for (const [place, row] of left.entries()) if (absent.has(place)) fates.set(row.change.seq, notFound);
    left = left.filter((_row, place) => !absent.has(place));
  }
}

/** `No contact found for indexes 3,4` counts from 0; places that cannot be are none. */
export function missingPlaces(body: string, count: number): ReadonlySet<number> {
  try {
    const text = missing.parse(JSON.parse(body)).message;
    const places = /index(?:es)?:?\s*([\d,\s]+)$/.exec(text)?.[1]?.split(",").map(Number) ?? [];
    return new Set(places.every((place) => Number.isInteger(place) && place < count) ? places : []);
  } catch {
    return new Set();
  }
}
