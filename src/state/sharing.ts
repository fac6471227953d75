import type { Relation } from "../core/relation.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { join, raw, type Sql, sql } from "../warehouse/sql.ts";
import type { Binding, StoredBinding } from "./bindings.ts";

/** Ledgers of other syncs that are bound to the same thing of the same account. */
export const ledgersBesides = (
  bindings: readonly StoredBinding[],
  sync: string,
  to: Pick<Binding, "accountKey" | "object">,
  schema: string,
): Relation[] =>
  bindings
    .filter((other) => other.sync !== sync && other.accountKey === to.accountKey && other.object === to.object)
    .map((other) => ({ schema, name: other.ledger }));

/**
 * Does another ledger hold the record of ledger row `l`, or may it (outcome unknown)? Records are the same when their
 * identifiers are, or, where the key alone identifies, their keys.
 */
export const heldBesides = (dialect: Dialect, ledgers: readonly Relation[]): Sql =>
  ledgers.length === 0
    ? raw("false")
    : sql`(${join(
        ledgers.map(
          (ledger) =>
            sql`exists (select 1 from ${dialect.relation(ledger)} o where o.state <> 'removed' and o.identifiers = l.identifiers and (l.identifiers <> '{}' or o.key = l.key))`,
        ),
        " or ",
      )})`;
