import type { Row, Value } from "./value.ts";

/** What a sync does with rows that enter, change and leave its model. See README «Modes». */
export type Mode = "mirror" | "upsert" | "insert" | "update" | "append" | "remove";

/** The types a value can be coerced to before it leaves; a value that cannot be coerced refuses its row. */
export type FieldType = "text" | "number" | "integer" | "boolean" | "date" | "datetime" | "json";

/** Where one destination field's value comes from. */
export type FieldSource =
  | { readonly from: "column"; readonly column: string; readonly type?: FieldType; readonly round?: number }
  | { readonly from: "value"; readonly value: Value }
  | { readonly from: "template"; readonly parts: readonly TemplatePart[] };

export type TemplatePart = { readonly text: string } | { readonly column: string };

export interface FieldRule {
  readonly source: FieldSource;
  /** `skip`: a NULL leaves the field out of the payload, so the destination keeps what it has. */
  readonly nulls: "write" | "skip";
  /** Written only where the destination's field is empty; only on targets that say they can. */
  readonly onlyIfEmpty: boolean;
}

/** Limits that hold a plan back for approval. Shares are fractions 0..1; `minRows` and shares apply once the ledger is not empty. */
export interface Guard {
  readonly maxRemoved: number;
  readonly maxRemovedRows: number;
  readonly maxChanged: number;
  readonly minRows: number;
  readonly mappingChange: "hold" | "allow";
}

export type RejectRetry = "on_change" | "always" | { readonly times: number };

export type Schedule =
  | { readonly kind: "cron"; readonly cron: string; readonly timezone: string; readonly catchUp: "skip" | "once" }
  | { readonly kind: "every"; readonly everyMs: number; readonly catchUp: "skip" | "once" }
  | { readonly kind: "after-build" };

/** One sync, as validated from its YAML. Frozen with the plan, so a resumed run follows the file as it was. Holds no secret. */
export interface SyncConfig {
  readonly name: string;
  readonly renamedFrom?: string;
  readonly source: { readonly kind: "model" | "segment" | "audience" | "table"; readonly name: string };
  /** The model's unique column; its text identifies a row in plan, ledger and results. */
  readonly key: string;
  /** Destination identifier ← model column. Empty: the key itself identifies the record at the destination. */
  readonly match: { readonly [destination: string]: string };
  readonly to: { readonly account: string; readonly target: string; readonly options: Row };
  readonly mode: Mode;
  readonly whenRemoved?: "delete" | { readonly set: Row };
  readonly fields: { readonly [destination: string]: FieldRule };
  readonly batch: { readonly rows?: number; readonly bytes?: number };
  readonly schedule?: Schedule;
  readonly guard: Guard;
  readonly rejects: { readonly retry: RejectRetry };
  /** Stop the run at the first NULL, duplicate or un-coercible row instead of refusing just that row. */
  readonly strict: boolean;
  /** Where the sync was declared, so that later errors can point at the YAML. */
  readonly origin: { readonly file: string; readonly line: number };
}
