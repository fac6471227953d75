import type { Answer } from "../core/platform.ts";
import { fault } from "./errors.ts";
import type { Org } from "./org.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

export interface Usage {
  /** Counts one request; the refusal when the day's allowance is used up. */
  spend(): Answer | undefined;
  used(): number;
  /** `Sforce-Limit-Info: api-usage=18/100000`. */
  header(): Readonly<Record<string, string>>;
  reset(): void;
}

/**
 * The org's daily allowance of requests, over a day that begins with the first:
 * https://developer.salesforce.com/docs/atlas.en-us.salesforce_app_limits_cheatsheet.meta/salesforce_app_limits_cheatsheet/salesforce_app_limits_platform_api.htm
 */
export function createUsage(org: Org): Usage {
  let since = 0;
  let used = 0;
  const max = org.config.daily_requests;
  return {
    spend() {
      const now = org.clock.now().getTime();
      if (now - since >= DAY_MS) {
        since = now;
        used = 0;
      }
      if (used >= max) return fault(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.");
      used += 1;
      return undefined;
    },
    used: () => used,
    header: () => ({ "sforce-limit-info": `api-usage=${used}/${max}` }),
    reset() {
      since = 0;
      used = 0;
    },
  };
}
