import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { TargetSync } from "../connector.ts";
import type { Identity } from "./rows.ts";

const columnName = z.string().regex(/^[A-Za-z_]\w{0,99}$/, "a column's logical name");

/** Entity set name: contacts, accounts, cr1_things. */
export const tableName = z.string().regex(/^[A-Za-z_]\w{0,99}$/, "an entity set name such as contacts");

export const identityOptions = {
  /** Columns of the alternate key; those of `match` if left out. */
  key: z.array(columnName).min(1).optional(),
  /** `match` holds the table's primary id. */
  by_id: z.boolean().default(false),
  /** Rows in one batch: 1,000 may be, but all of them must be done within two minutes. */
  rows_per_request: z.int().min(1).max(1_000).default(100),
};

const idColumns: Readonly<Record<string, string>> = {
  contacts: "contactid",
  accounts: "accountid",
  leads: "leadid",
  opportunities: "opportunityid",
};

/** The column that a written row's id is read back from; undefined: not known for this table. */
export const idColumn = (table: string, given?: string): string | undefined => given ?? idColumns[table];

const fieldName = /^[A-Za-z_]\w{0,99}(@odata\.bind)?$/;

/** Throws ConfigError where `match` cannot find a row. */
export function identityOf(
  options: { readonly key?: readonly string[] | undefined; readonly by_id: boolean },
  sync: TargetSync,
): Identity {
  const wrong = [...sync.match, ...sync.fields].find((name) => !fieldName.test(name));
  if (wrong !== undefined) {
    throw new ConfigError(`sync "${sync.name}": "${wrong}" is not a Dataverse column`, {
      hint: "Use logical names such as firstname; lookups are <navigation property>@odata.bind.",
    });
  }
  const columns = options.key ?? sync.match;
  const missing = columns.find((column) => !sync.match.includes(column));
  // An empty match is refused by the configuration already (needsMatch).
  if (missing !== undefined && sync.match.length > 0) {
    throw new ConfigError(`sync "${sync.name}": ${missing} of the key is not in match`, {
      hint: `Add it: \`match: {${missing}: <column>}\`.`,
    });
  }
  if (!options.by_id) return { columns, byId: false };
  if (sync.match.length <= 1 && sync.mode !== "insert" && sync.mode !== "append") return { columns, byId: true };
  throw new ConfigError(`sync "${sync.name}": by_id needs the primary id alone in match, and a mode that finds rows`, {
    hint: "Match by an alternate key instead, or use mode upsert or update.",
  });
}
