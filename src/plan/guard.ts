import type { PlanCounts } from "../core/plan.ts";
import type { Guard } from "../core/sync.ts";

const percent = (share: number): string => `${(share * 100).toFixed(1).replace(/\.0$/, "")}%`;

/**
 * Why this plan waits for approval; empty: it may go. Shares and `min_rows` apply once the ledger is not empty.
 * `max_changed` is the share of all rows on either side, model and ledger, that would be added, updated or removed.
 */
export function guardReasons(counts: PlanCounts, guard: Guard, mappingChanges: readonly string[]): string[] {
  const reasons: string[] = [];
  if (counts.remove > guard.maxRemovedRows) {
    reasons.push(`${counts.remove} rows would be removed (max_removed_rows: ${guard.maxRemovedRows})`);
  }
  if (counts.ledgerRows === 0) return reasons;
  const removed = counts.remove / counts.ledgerRows;
  if (removed > guard.maxRemoved) {
    reasons.push(
      `${counts.remove} of ${counts.ledgerRows} rows would be removed, ${percent(removed)} (max_removed: ${percent(guard.maxRemoved)})`,
    );
  }
  const changes = counts.add + counts.update + counts.remove;
  const everything = changes + counts.unchanged + counts.refused + counts.suppressed;
  const changed = everything === 0 ? 0 : changes / everything;
  if (changed > guard.maxChanged) {
    reasons.push(
      `${changes} of ${everything} rows would change, ${percent(changed)} (max_changed: ${percent(guard.maxChanged)})`,
    );
  }
  if (counts.modelRows < guard.minRows) {
    reasons.push(`the model has ${counts.modelRows} rows (min_rows: ${guard.minRows})`);
  }
  if (mappingChanges.length > 0 && guard.mappingChange === "hold" && changes > 0) {
    reasons.push(`${mappingChanges.join(", ")}: every row will be re-sent (mapping_change: hold)`);
  }
  return reasons;
}

/** Ending a sync takes away everything it delivered: no share is small enough to do that unseen. */
export const endReasons = ({ remove }: PlanCounts): string[] =>
  remove === 0 ? [] : [`the sync ends: ${remove} rows would be removed at the destination`];
