import type { Relation } from "../core/relation.ts";
import type { FieldType, SyncConfig } from "../core/sync.ts";

/** What the plan must know of the destination; from the connector's target. */
export interface PlanTarget {
  readonly accountKey: string;
  /** What the ledger is bound to within the account, e.g. "Contact" or "list/Lapsing". */
  readonly object: string;
  readonly kind: "records" | "list" | "stream";
  readonly fieldTypes: Readonly<Record<string, FieldType>>;
  readonly contents: "changes" | "snapshot";
  readonly movesMatch: boolean;
}

/**
 * Published profiles (profile_id, quarantined); rows of those that are quarantined are frozen. Whose a row is: its key, or its
 * column `profile_id`, where the model has one.
 */
export interface PlanProfiles {
  readonly relation: Relation;
  readonly by: "key" | "column";
}

export interface PlanRequest {
  readonly runId: string;
  readonly createdAt: Date;
  readonly sync: SyncConfig;
  readonly relation: Relation;
  readonly target: PlanTarget;
  /** null: the project knows no profiles. */
  readonly profiles?: PlanProfiles | null;
  /**
   * full: everything is sent again · adopt: the ledger is (re)bound and filled as if delivered · rebuild: the ledger is
   * emptied and bound anew · rejects: only what was refused · retire: everything the ledger holds is removed.
   */
  readonly scope: "changes" | "full" | "adopt" | "rebuild" | "rejects" | "retire";
}
