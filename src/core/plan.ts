import type { Relation } from "./relation.ts";

/**
 * model rows = unchanged + add + update + refused + suppressed.
 * planned (the highest `seq`) = add + update + remove + keep.
 */
export interface PlanCounts {
  /** Rows the model has now; NULL and duplicate keys included. */
  readonly modelRows: number;
  readonly unchanged: number;
  readonly add: number;
  readonly update: number;
  readonly remove: number;
  /** Unchanged rows that a snapshot target rewrites; counted under `unchanged` too. */
  readonly keep: number;
  /** Rows held back by a reject: NULL or duplicate key or match, un-coercible value, or refused earlier by the platform and unchanged since. */
  readonly refused: number;
  /** Rows held back otherwise: unknown outcome awaiting a decision. */
  readonly suppressed: number;
  /** Adds that became updates because the living row took over a removed key's ledger row. */
  readonly netted: number;
  /** Leavers that another sync's ledger of the same list still holds: forgotten here, not removed there. */
  readonly released: number;
  /** Rows the ledger held as present before this plan. */
  readonly ledgerRows: number;
}

/** Of a plan that has not looked at anything. */
export const noCounts: PlanCounts = {
  modelRows: 0,
  unchanged: 0,
  add: 0,
  update: 0,
  remove: 0,
  keep: 0,
  refused: 0,
  suppressed: 0,
  netted: 0,
  released: 0,
  ledgerRows: 0,
};

/** A frozen warehouse table of changes; a resumed run reads the same rows, never a new diff. */
export interface Plan {
  readonly runId: string;
  readonly sync: string;
  readonly table: Relation;
  readonly createdAt: Date;
  readonly counts: PlanCounts;
  /** Rows with a seq; removals are 1..removes, everything else removes+1..total. */
  readonly total: number;
  readonly removes: number;
  /** Sentences such as "1 field added (Tier__c)": why every row differs. Empty when the mapping is the ledger's. */
  readonly mappingChanges: readonly string[];
  /** What the plan's fast fingerprints are good for; see Dialect.fingerprintEngine. */
  readonly fingerprintEngine: string;
}
