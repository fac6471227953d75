import { BatchRefused, DeliveryError, OutcomeUnknown, RateLimited, Unavailable } from "../core/delivery-errors.ts";
import { MillraceError } from "../core/errors.ts";
import type { RowFate } from "../core/result.ts";
import { backoffMs } from "./backoff.ts";
import { endsRun } from "./http-errors.ts";
import { inDoubt } from "./results.ts";
import { scrubText } from "./scrub.ts";
import type { DeliverSettings } from "./settings.ts";

/** What is known when a send threw. */
export interface Thrown {
  readonly error: unknown;
  readonly resend: "idempotent" | "once";
  readonly rows: number;
  /** Tries that count, this one included. */
  readonly tries: number;
  /** Times this batch was rate limited, this one included. */
  readonly rateLimits: number;
  /** Earlier writes of the same send may have been applied, whatever the last one's error says. */
  readonly touched: boolean;
  /** A job was recorded during the send: it is polled, never made twice. */
  readonly hasJob: boolean;
}

export type Verdict =
  | { readonly do: "again"; readonly afterMs: number; readonly counts: boolean }
  | { readonly do: "poll"; readonly afterMs: number }
  | { readonly do: "split" }
  /** A single row that the platform refuses. */
  | { readonly do: "reject"; readonly error: BatchRefused }
  /** `givenUp`: the platform would not take it, in all its tries. */
  | { readonly do: "end"; readonly fate: RowFate; readonly givenUp: boolean }
  /** Nothing more is sent in this run. */
  | { readonly do: "halt"; readonly fate: RowFate };

/** The one place that decides what an error means for a batch. */
export function verdictOn(thrown: Thrown, settings: DeliverSettings, random: () => number): Verdict {
  const { error, resend } = thrown;
  const { code, message } = reasonOf(error);
  const certain = error instanceof DeliveryError && !(error instanceof OutcomeUnknown);
  const doubtful = resend === "once" && (!certain || thrown.touched);
  const fate: RowFate = doubtful ? inDoubt(resend, code, message) : { status: "retry", code, message };
  const asked = askedMs(error);
  const afterMs = backoffMs(Math.max(thrown.tries, 1), settings, random, asked);

  if (endsRun(error)) return { do: "halt", fate };
  if (asked !== null && asked > settings.maxWaitMs) return { do: "halt", fate };
  if (thrown.hasJob && !(error instanceof BatchRefused)) return { do: "poll", afterMs };
  if (doubtful) return { do: "end", fate, givenUp: false };
  if (error instanceof BatchRefused) return thrown.rows > 1 ? { do: "split" } : { do: "reject", error };
  if (error instanceof RateLimited && thrown.rateLimits <= settings.maxRateLimits) {
    return { do: "again", afterMs: backoffMs(thrown.rateLimits, settings, random, asked), counts: false };
  }
  // A defect, or something only a person mends: trying again changes nothing.
  if (error instanceof MillraceError && error.retry !== "later") return { do: "end", fate, givenUp: true };
  if (thrown.tries >= settings.maxAttempts) return { do: "end", fate, givenUp: true };
  return { do: "again", afterMs, counts: true };
}

/** Code and scrubbed message of anything thrown; exceptions of other origin are a connector's defect and say nothing. */
export function reasonOf(error: unknown): { readonly code: string; readonly message: string; readonly hint: string } {
  if (error instanceof MillraceError) {
    return { code: error.code, message: scrubText(error.message), hint: scrubText(error.hint) };
  }
  const name = error instanceof Error ? error.name : typeof error;
  return {
    code: "CONTRACT",
    message: `the connector failed with an unexpected ${name}`,
    hint: "Report this: a connector throws only errors that say what became of the batch.",
  };
}

function askedMs(error: unknown): number | null {
  const asks = error instanceof RateLimited || error instanceof Unavailable || error instanceof OutcomeUnknown;
  return asks ? error.retryAfterMs : null;
}
