import { z } from "zod";
import type { Change } from "../../core/change.ts";
import { OutcomeUnknown, Unavailable } from "../../core/delivery-errors.ts";
import { chunks } from "../fates.ts";
import { type Ctx, callJson } from "./api.ts";
import { readError } from "./errors.ts";
import { objectScope, recordId } from "./objects.ts";
import { objectsPath } from "./paths.ts";
import { folded } from "./values.ts";

/** https://developers.hubspot.com/docs/api-reference/crm-objects-v3/guide */
export const maxObjects = 100;

export type Found =
  | { readonly kind: "none" }
  | { readonly kind: "one"; readonly id: string; readonly properties: Readonly<Record<string, string | null>> }
  /** HubSpot did not say. */
  | { readonly kind: "unclear" };

const readReply = z.object({
  results: z.array(
    z.object({
      id: z.union([z.string(), z.number()]).transform(String),
      properties: z
        .record(
          z.string(),
          z
            .string()
            .nullish()
            .transform((value) => value ?? null),
        )
        .default({}),
    }),
  ),
  errors: z.array(z.unknown()).optional(),
});

export interface LookUp {
  readonly object: string;
  /** A unique property, or hs_object_id. */
  readonly by: string;
  /** Read besides the identifier. */
  readonly properties?: readonly string[];
}

/** Other addresses of a contact also find it by email. https://knowledge.hubspot.com/contacts/add-multiple-email-addresses-to-a-contact */
const otherEmails = "hs_additional_emails";

/** The records with these values of `by`, by folded value. */
export async function findRecords(
  ctx: Ctx,
  what: LookUp,
  values: readonly string[],
): Promise<ReadonlyMap<string, Found>> {
  const found = new Map<string, Found>();
  const wanted = [...new Map(values.map((value) => [folded(value), value])).entries()];
  for (const part of chunks(wanted, maxObjects)) {
    const { results, errors = [] } = await readBatch(
      ctx,
      what,
      part.map(([, value]) => value),
    );
    const missingOnly = errors.every((error) => readError(error).category === "OBJECT_NOT_FOUND");
    for (const record of results) {
      for (const name of namesOf(what, record)) found.set(name, { kind: "one", ...record });
    }
    for (const [name] of part) if (!found.has(name)) found.set(name, { kind: missingOnly ? "none" : "unclear" });
  }
  return found;
}

function namesOf(
  what: LookUp,
  record: { readonly id: string; readonly properties: Readonly<Record<string, string | null>> },
) {
  if (what.by === recordId) return [record.id];
  const other = what.by === "email" ? (record.properties[otherEmails] ?? "").split(";") : [];
  return [record.properties[what.by] ?? "", ...other].map(folded).filter((name) => name !== "");
}

/** 207 names what is not there. A question that was not answered changed nothing. */
async function readBatch(ctx: Ctx, what: LookUp, values: readonly string[]): Promise<z.output<typeof readReply>> {
  const properties = [...new Set([what.by, ...(what.by === "email" ? [otherEmails] : []), ...(what.properties ?? [])])];
  try {
    const { body } = await callJson(ctx, {
      method: "POST",
      path: `${objectsPath(ctx.account, what.object)}/batch/read`,
      scope: objectScope(what.object, "read"),
      json: {
        ...(what.by === recordId ? {} : { idProperty: what.by }),
        inputs: values.map((id) => ({ id })),
        properties,
        propertiesWithHistory: [],
      },
      expect: readReply,
    });
    return body;
  } catch (error) {
    if (!(error instanceof OutcomeUnknown)) throw error;
    throw new Unavailable(error.message, { hint: error.hint, retryAfterMs: error.retryAfterMs, cause: error });
  }
}

/** Ids that earlier deliveries told, and what must be asked for. */
export function knownId(change: Change, by: string, value: string | null): string | null {
  return by === recordId ? value : (change.externalId ?? null);
}
