import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { TargetSync } from "../connector.ts";

const apiName = /^[A-Za-z]\w*$/;

/**
 * From 2,000 records Salesforce advises Bulk API 2.0 instead of collections.
 * https://developer.salesforce.com/docs/platform/salesforce-app-limits-cheatsheet/guide/salesforce-app-limits-platform-bulkapi.html
 */
export const adviseBulkAbove = 2_000;

/** `to:` of the target `record`, without account and target. */
export const recordOptions = z.strictObject({
  object: z.string().regex(apiName, "an object's API name, such as Contact or Shop__c"),
  external_id: z.string().regex(apiName, "a field's API name, such as Customer_No__c").optional(),
  bulk: z
    .union([
      z.literal("never"),
      z.literal("always"),
      z.strictObject({ above_rows: z.int().min(0).default(adviseBulkAbove) }),
    ])
    .default({ above_rows: adviseBulkAbove }),
});

export type RecordOptions = z.output<typeof recordOptions>;

/** How a record is found again: by its own Id, by a field that identifies it, or not at all (inserts only). */
export type Identity =
  | { readonly by: "id" }
  | { readonly by: "field"; readonly field: string }
  | { readonly by: "nothing" };

/** `Field__c`, `Account.Ext__c` or `User:Owner.Ext__c`. */
const fieldName = /^(\w+:)?[A-Za-z]\w*(\.\w+)?$/;

/** Throws ConfigError for a name that can be no field: names go into paths, statements and column headers. */
export function checkNames(sync: Pick<TargetSync, "name" | "match" | "fields">): void {
  const wrong = sync.match.find((name) => !apiName.test(name)) ?? sync.fields.find((name) => !fieldName.test(name));
  if (wrong === undefined) return;
  throw new ConfigError(`sync "${sync.name}": "${wrong}" is not a Salesforce field`, {
    hint: "Use API names: LastName, Tier__c, or a parent's External ID field as Account.Customer_No__c.",
  });
}

/** Throws ConfigError where the sync's `match` cannot identify a record for its mode. */
export function identityOf(
  options: Pick<RecordOptions, "external_id">,
  sync: Pick<TargetSync, "name" | "match" | "mode">,
): Identity {
  const field = options.external_id ?? (sync.match.length === 1 ? sync.match[0] : undefined);
  const creates = sync.mode === "insert" || sync.mode === "append";
  if (field === undefined) {
    // An empty match is refused by the configuration already (needsMatch).
    if (creates || sync.match.length === 0) return { by: "nothing" };
    throw new ConfigError(
      `sync "${sync.name}": ${sync.match.length} fields in match, and Salesforce finds a record by one`,
      { hint: "Name the one External ID field in `to: {external_id: …}`, or keep a single field in `match`." },
    );
  }
  if (!sync.match.includes(field)) {
    throw new ConfigError(`sync "${sync.name}": external_id ${field} is not in match`, {
      hint: `Add it: \`match: {${field}: <column>}\`. Removals find their record by the values last delivered in match.`,
    });
  }
  if (field !== "Id") return { by: "field", field };
  if (!creates) return { by: "id" };
  throw new ConfigError(`sync "${sync.name}": mode ${sync.mode} cannot match by Id`, {
    hint: "Salesforce gives Ids itself: match by an External ID field, or use mode update.",
  });
}

export function usesBulk(options: RecordOptions, sync: Pick<TargetSync, "plannedRows">): boolean {
  if (options.bulk === "never") return false;
  return options.bulk === "always" || sync.plannedRows > options.bulk.above_rows;
}
