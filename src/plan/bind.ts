import { assertBound, bindingOf, bindingStatements, differences, type StoredBinding } from "../state/bindings.ts";
import type { StateTables, SyncTables } from "../state/names.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { type Sql, sql } from "../warehouse/sql.ts";
import { canonicalMapping } from "./mapping.ts";
import type { PlanRequest } from "./request.ts";

/** A new destination's ledger begins anew with `rebuild`; with `adopt`, if its rows are no longer found by the same columns. */
export function emptiesLedger({ scope, sync, target }: PlanRequest, stored: StoredBinding | null): boolean {
  if (scope === "rebuild") return true;
  if (scope !== "adopt" || stored === null) return false;
  const now = bindingOf(sync, target.accountKey, target.object);
  return stored.keyColumn !== now.keyColumn || stored.matchColumns !== now.matchColumns;
}

/**
 * What binds the sync's ledger to its destination, as statements that belong to the frozen plan.
 * @param untouched nothing was ever delivered or refused: a base_url or an object that was mended has no past to decide about
 * @throws LedgerBoundElsewhere
 */
export function bind(
  dialect: Dialect,
  tables: StateTables,
  own: SyncTables,
  request: PlanRequest,
  stored: StoredBinding | null,
  untouched: boolean,
): Sql[] {
  const { sync, target, scope } = request;
  const binding = bindingOf(sync, target.accountKey, target.object);
  const write = (mapping: string): Sql[] =>
    bindingStatements(dialect, tables, {
      ...binding,
      sync: sync.name,
      ledger: own.ledger.name,
      mapping,
      lastSettledRun: stored?.lastSettledRun ?? null,
    });
  if (stored === null) return write(canonicalMapping(sync));
  if (scope === "rebuild" || scope === "adopt") {
    const empty = emptiesLedger(request, stored) ? [sql`delete from ${dialect.relation(own.ledger)} where true`] : [];
    return [...empty, ...write(stored.mapping)];
  }
  if (differences(stored, binding).length === 0) return [];
  if (!untouched) assertBound(sync, stored, binding);
  return write(stored.mapping);
}
