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

/** One text a record: its identifiers, which are JSON, or, where the key alone identifies, the key behind a letter. */
const recordOf = (row: "l" | "o"): Sql =>
  raw(`case when ${row}.identifiers = '{}' then 'k' || ${row}.key else ${row}.identifiers end`);

/**
 * Does another ledger hold the record of ledger row `l`, or may it (outcome unknown)? Records are the same when their
 * identifiers are, or, where the key alone identifies, their keys. Asked by `in` of one column, which knows nothing of the row
 * outside: Snowflake refuses some subqueries that do, and the others read the ledgers once in place of once a row.
 * @param asked what follows `from` and gives, as `l`, key and identifiers of every row it may be asked of: the others' ledgers
 *   are as large as models, and without it DuckDB keeps all their identifiers in memory, even where nothing is asked
 */
export function heldBesides(dialect: Dialect, ledgers: readonly Relation[], asked: Sql): Sql {
  if (ledgers.length === 0) return raw("false");
  const rows = join(
    ledgers.map((ledger) => sql`select key, identifiers, state from ${dialect.relation(ledger)}`),
    " union all ",
  );
  return sql`${recordOf("l")} in (select ${recordOf("o")} from (${rows}) o
    where o.state <> 'removed' and ${recordOf("o")} in (select ${recordOf("l")} from ${asked}))`;
}
