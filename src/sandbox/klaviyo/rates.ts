import type { Clock } from "../../core/clock.ts";
import type { Answer } from "../core/platform.ts";
import { problem } from "./errors.ts";

/** Requests per second, per minute and, for a few, per day; `x-klaviyo-ratelimit` of each operation in the description. */
export interface Rate {
  readonly burst: number;
  readonly steady: number;
  readonly daily?: number;
}

export const XS: Rate = { burst: 1, steady: 15 };
export const S: Rate = { burst: 3, steady: 60 };
export const M: Rate = { burst: 10, steady: 150 };
export const L: Rate = { burst: 75, steady: 750 };

interface Window {
  readonly ms: number;
  readonly max: number;
  since: number;
  used: number;
}

export interface Rates {
  /** Counts a request on an operation: the refusal, or the headers that its answer carries. */
  spend(
    operation: string,
    rate: Rate,
  ): { readonly refused: Answer } | { readonly headers: Readonly<Record<string, string>> };
  reset(): void;
}

/** Fixed windows per operation and account: https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling */
export function createRates(clock: Clock, factor: number): Rates {
  const operations = new Map<string, readonly Window[]>();
  const windowsOf = (operation: string, rate: Rate) => {
    const known = operations.get(operation);
    if (known !== undefined) return known;
    const window = (ms: number, max: number): Window => ({
      ms,
      max: Math.max(1, Math.floor(max * factor)),
      since: 0,
      used: 0,
    });
    const made = [
      window(1000, rate.burst),
      window(60_000, rate.steady),
      ...(rate.daily === undefined ? [] : [window(86_400_000, rate.daily)]),
    ];
    operations.set(operation, made);
    return made;
  };
  return {
    spend(operation, rate) {
      const now = clock.now().getTime();
      const windows = windowsOf(operation, rate);
      for (const window of windows) {
        if (now - window.since < window.ms) continue;
        window.since = now;
        window.used = 0;
      }
      const full = windows.filter((window) => window.used >= window.max);
      if (full.length > 0) {
        const seconds = Math.max(...full.map((window) => Math.ceil((window.since + window.ms - now) / 1000)), 1);
        return { refused: throttled(seconds) };
      }
      for (const window of windows) window.used += 1;
      const steady = windows[1] ?? windows[0];
      if (steady === undefined) return { headers: {} };
      // Never on a 429: the same page.
      return {
        headers: {
          "ratelimit-limit": String(steady.max),
          "ratelimit-remaining": String(steady.max - steady.used),
          "ratelimit-reset": String(Math.ceil((steady.since + steady.ms - now) / 1000)),
        },
      };
    },
    reset() {
      operations.clear();
    },
  };
}

/** 429 with Retry-After in whole seconds. */
export function throttled(seconds: number): Answer {
  const detail = `Request was throttled. Expected available in ${seconds} second${seconds === 1 ? "" : "s"}.`;
  const answer = problem(429, {
    code: "throttled",
    title: "Request was throttled.",
    detail,
    source: { pointer: "/data/" },
  });
  return { ...answer, headers: { ...answer.headers, "retry-after": String(seconds) } };
}
