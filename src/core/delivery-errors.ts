import { type ErrorDetails, MillraceError } from "./errors.ts";

/** Batch trouble a connector or the HTTP seam throws; row trouble is data (see RowResult). */
export abstract class DeliveryError extends MillraceError {}

/** Refused for now, certainly not applied: wait and send again. */
export class RateLimited extends DeliveryError {
  override readonly code = "DEST_RATE_LIMITED";
  override readonly retry = "later";
  /** Milliseconds the platform asks us to wait; null: it does not say. */
  readonly retryAfterMs: number | null;
  constructor(message: string, details: ErrorDetails & { retryAfterMs: number | null }) {
    super(message, details);
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** The daily or monthly allowance is used up: nothing more today. Certainly not applied. */
export class QuotaExhausted extends DeliveryError {
  override readonly code = "DEST_QUOTA_EXHAUSTED";
  override readonly retry = "later";
}

/** Certainly not applied (connection refused, name not found, 503 with Retry-After): safe to send again on every target. */
export class Unavailable extends DeliveryError {
  override readonly code = "DEST_UNAVAILABLE";
  override readonly retry = "later";
  readonly retryAfterMs: number | null;
  constructor(message: string, details: ErrorDetails & { retryAfterMs?: number | null }) {
    super(message, details);
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

/** May have been applied (timeout, reset, 5xx): send again only where that is idempotent. */
export class OutcomeUnknown extends DeliveryError {
  override readonly code = "DEST_OUTCOME_UNKNOWN";
  override readonly retry = "later";
  readonly retryAfterMs: number | null;
  constructor(message: string, details: ErrorDetails & { retryAfterMs?: number | null }) {
    super(message, details);
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

/** Credentials or scopes are wrong, after one renewal: the run stops. */
export class AuthFailed extends DeliveryError {
  override readonly code = "DEST_AUTH_FAILED";
  override readonly retry = "after-fix";
}

/**
 * The batch was refused as a whole and nothing was applied; some unknown row is bad.
 * The engine bisects until the bad row stands alone and becomes `rejected` with this reason.
 */
export class BatchRefused extends DeliveryError {
  override readonly code = "DEST_REFUSED";
  override readonly retry = "after-fix";
  /** The platform's own code, e.g. INVALID_FIELD; becomes the row's code. */
  readonly reason: string;
  constructor(message: string, details: ErrorDetails & { reason: string }) {
    super(message, details);
    this.reason = details.reason;
  }
}

/** The target as a whole is wrong (no such object, list or path): no row of it can be delivered until somebody mends it. */
export class TargetInvalid extends DeliveryError {
  override readonly code = "DEST_TARGET_INVALID";
  override readonly retry = "after-fix";
}
