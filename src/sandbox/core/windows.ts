import type { Clock } from "../../core/clock.ts";

export interface Spent {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** When the window ends, in milliseconds since 1970. */
  readonly endsAtMs: number;
}

/** Counts requests in fixed windows, one per name. */
export interface Windows {
  spend(name: string, requests: number, perMs: number): Spent;
  reset(): void;
}

export function createWindows(clock: Clock): Windows {
  const windows = new Map<string, { since: number; used: number }>();
  return {
    spend(name, requests, perMs) {
      const now = clock.now().getTime();
      let window = windows.get(name);
      if (window === undefined || now - window.since >= perMs) {
        window = { since: now, used: 0 };
        windows.set(name, window);
      }
      const allowed = window.used < requests;
      if (allowed) window.used += 1;
      return { allowed, limit: requests, remaining: requests - window.used, endsAtMs: window.since + perMs };
    },
    reset() {
      windows.clear();
    },
  };
}
