import type { Clock } from "../core/clock.ts";
import type { Limiter } from "./limiter.ts";

export interface Progress {
  /** Rows that have their fate, of `total` planned. */
  readonly sent: number;
  readonly total: number;
  /** Over the last ten seconds or so. */
  readonly ratePerSecond: number;
  /** null until there is a rate. */
  readonly remainingMs: number | null;
  /** Batches tried again, polls of jobs not counted. */
  readonly retries: number;
  /** Time in which the account's limits or the platform's Retry-After held requests back. */
  readonly rateLimitedMs: number;
  readonly requests: number;
}

export interface ProgressMeter {
  rows(count: number): void;
  retry(): void;
  request(): void;
  /** Reports however recently it last did: the end must be seen. */
  finish(): void;
}

const everyMs = 200;
const spanMs = 10_000;

/** At most five reports a second. */
export function progressMeter(options: {
  readonly total: number;
  readonly already: number;
  readonly limiter: Limiter;
  readonly clock: Clock;
  readonly report: ((progress: Progress) => void) | undefined;
}): ProgressMeter {
  const { total, limiter, clock, report } = options;
  const heldBackBefore = limiter.heldBackMs();
  let sent = options.already;
  let retries = 0;
  let requests = 0;
  let reportedAt = Number.NEGATIVE_INFINITY;
  let samples = [{ at: clock.now().getTime(), sent }];

  const emit = (now: number) => {
    reportedAt = now;
    samples = [
      ...samples.filter((sample, i) => sample.at >= now - spanMs || i === samples.length - 1),
      { at: now, sent },
    ];
    const oldest = samples[0] ?? { at: now, sent };
    const elapsedMs = now - oldest.at;
    const ratePerSecond = elapsedMs > 0 ? ((sent - oldest.sent) * 1_000) / elapsedMs : 0;
    const remainingMs = ratePerSecond > 0 ? Math.round(((total - sent) * 1_000) / ratePerSecond) : null;
    const rateLimitedMs = limiter.heldBackMs() - heldBackBefore;
    report?.({ sent, total, ratePerSecond, remainingMs, retries, rateLimitedMs, requests });
  };
  const maybe = () => {
    if (report === undefined) return;
    const now = clock.now().getTime();
    if (now - reportedAt >= everyMs) emit(now);
  };
  return {
    rows(count) {
      sent += count;
      maybe();
    },
    retry() {
      retries += 1;
      maybe();
    },
    request() {
      requests += 1;
    },
    finish() {
      if (report !== undefined) emit(clock.now().getTime());
    },
  };
}
