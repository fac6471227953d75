import type { Row } from "./value.ts";

/** What happens to one record. A plan also holds `keep`: an unchanged row that a snapshot target rewrites; connectors see it as `update`. */
export type Op = "add" | "update" | "remove";

/** One record's move in one sync. `seq` is 1..n, dense, frozen at plan time; batching and resume count in it. */
export interface Change {
  readonly seq: number;
  readonly op: Op;
  /** The model's key as text. */
  readonly key: string;
  /** Identifiers at the destination (destination names). For a removal: those that were LAST delivered. */
  readonly match: Row;
  /** Mapped fields (destination names), without the identifiers. Empty for a removal, or the values of `when_removed: {set}`. */
  readonly fields: Row;
  /** The platform's own id, where an earlier delivery returned it. */
  readonly externalId?: string;
  /** The identifiers last delivered, where they changed and the target moves a record by its own id. */
  readonly movedFrom?: Row;
}
