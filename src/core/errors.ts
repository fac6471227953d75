import type { Row } from "./value.ts";

export interface ErrorDetails {
  /** What the reader should do about it. */
  readonly hint: string;
  readonly context?: Row;
  readonly cause?: unknown;
}

/**
 * Every error a person may see. Messages carry no personal data and no secret.
 * `exitCode` is what the command line ends with when this error ends it.
 */
export abstract class MillraceError extends Error {
  abstract readonly code: string;
  /** later: trying again may help; after-fix: somebody must mend something; never: a defect. */
  abstract readonly retry: "later" | "after-fix" | "never";
  readonly exitCode: 1 | 2 | 4 = 1;
  readonly hint: string;
  readonly context: Row;

  constructor(message: string, details: ErrorDetails) {
    super(message, { cause: details.cause });
    this.name = new.target.name;
    this.hint = details.hint;
    this.context = details.context ?? {};
  }
}

/** The project's files or the command line are wrong. Exit 2. */
export class ConfigError extends MillraceError {
  override readonly code: string = "CONFIG";
  override readonly retry = "after-fix";
  override readonly exitCode = 2;
}

/** An environment variable that is needed now is not set. Exit 2. */
export class EnvMissing extends MillraceError {
  override readonly code = "ENV_MISSING";
  override readonly retry = "after-fix";
  override readonly exitCode = 2;
}

/** A warehouse object that the sync needs is not there. */
export class RelationMissing extends MillraceError {
  override readonly code = "RELATION_MISSING";
  override readonly retry = "after-fix";
}

/** An earlier Millrace made identity's tables, and what is asked needs them as this one does. */
export class IdentityStateOlder extends MillraceError {
  override readonly code = "IDENTITY_STATE_OLDER";
  override readonly retry = "after-fix";
}

export class ColumnMissing extends MillraceError {
  override readonly code = "COLUMN_MISSING";
  override readonly retry = "after-fix";
}

/** Somebody else holds the warehouse. Names the holder where the engine says who. */
export class WarehouseBusy extends MillraceError {
  override readonly code = "WAREHOUSE_BUSY";
  override readonly retry = "later";
}

/** The warehouse refused or broke off a statement. */
export class WarehouseFailed extends MillraceError {
  override readonly code = "WAREHOUSE_FAILED";
  override readonly retry = "after-fix";
}

/** The role may not do what it must: read a model, or write in Millrace's own schema. */
export class GrantMissing extends MillraceError {
  override readonly code = "GRANT_MISSING";
  override readonly retry = "after-fix";
}

/** dbt could not run, is missing or of a wrong version. */
export class DbtFailed extends MillraceError {
  override readonly code: string = "DBT_FAILED";
  override readonly retry = "after-fix";
}

/** The control store cannot be read or written. */
export class StoreFailed extends MillraceError {
  override readonly code = "STORE_FAILED";
  override readonly retry = "after-fix";
}

/** Somebody else works on it now. */
export class LeaseHeld extends MillraceError {
  override readonly code = "LEASE_HELD";
  override readonly retry = "later";
}

/** Our lease expired and another process took over: stop at once, write nothing more. */
export class FenceLost extends MillraceError {
  override readonly code = "FENCE_LOST";
  override readonly retry = "later";
}

/** Store and warehouse do not tell the same story: one was lost or restored. */
export class StateDiverged extends MillraceError {
  override readonly code = "STATE_DIVERGED";
  override readonly retry = "after-fix";
}

/** The plan asked for is no longer the newest, has expired, or the ledger has moved on. */
export class PlanSuperseded extends MillraceError {
  override readonly code: string = "PLAN_SUPERSEDED";
  override readonly retry = "after-fix";
}

/** The sync now points at another destination than its ledger. */
export class LedgerBoundElsewhere extends MillraceError {
  override readonly code = "LEDGER_BOUND_ELSEWHERE";
  override readonly retry = "after-fix";
  override readonly exitCode = 4;
}

/** Our own code broke a promise. */
export class ContractError extends MillraceError {
  override readonly code = "CONTRACT";
  override readonly retry = "never";
}

/** A person stopped it. Exit 130. */
export class Interrupted extends MillraceError {
  override readonly code = "INTERRUPTED";
  override readonly retry = "later";
}
