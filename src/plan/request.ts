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

export interface PlanRequest {
  readonly runId: string;
  readonly createdAt: Date;
  readonly sync: SyncConfig;
  readonly relation: Relation;
  readonly target: PlanTarget;
  /** Published profiles (profile_id, quarantined), where the sync's key is one: who is quarantined is frozen. */
  readonly profiles?: Relation | null;
  /**
   * full: everything is sent again · adopt: the ledger is (re)bound and filled as if delivered · rebuild: the ledger is
   * emptied and bound anew · rejects: only what was refused · retire: everything the ledger holds is removed.
   */
  readonly scope: "changes" | "full" | "adopt" | "rebuild" | "rejects" | "retire";
}
