import type { Clock } from "../../core/clock.ts";
import { QuotaExhausted } from "../../core/delivery-errors.ts";
import type { AccountCtx } from "../connector.ts";
import type { SalesforceAccount } from "./account.ts";

/** The allowance is a rolling 24 hours: an old reading no longer holds anybody back, the next answer corrects it. */
const readingIsOldAfterMs = 10 * 60_000;

/** What the last answer said about the organisation's daily requests; one per account and process. */
export interface Usage {
  /** Throws QuotaExhausted when one more request would touch the reserve. */
  assertRoom(reserve: number): void;
  note(headers: Readonly<Record<string, string>>): void;
}

export function usageOf(ctx: AccountCtx<SalesforceAccount>): Promise<Usage> {
  return ctx.resource("salesforce-usage", async () => ({
    value: createUsage(ctx.clock),
    close: () => Promise.resolve(),
  }));
}

export function createUsage(clock: Clock): Usage {
  let last: { readonly used: number; readonly total: number; readonly atMs: number } | null = null;
  return {
    assertRoom(reserve) {
      if (last === null || clock.now().getTime() - last.atMs > readingIsOldAfterMs) return;
      if (last.used + 1 <= last.total * (1 - reserve)) return;
      throw new QuotaExhausted(
        `Salesforce counts ${last.used} of ${last.total} requests in 24 hours, and ${Math.round(reserve * 100)} % are kept for others`,
        {
          hint: "Run again later, buy more API calls, or lower daily_reserve in the account. Plans over 2,000 rows use far fewer requests with bulk.",
          context: { used: last.used, total: last.total, reserve },
        },
      );
    },
    note(headers) {
      const found = parseUsage(headers["sforce-limit-info"] ?? headers["Sforce-Limit-Info"]);
      if (found !== null) last = { ...found, atMs: clock.now().getTime() };
    },
  };
}

/**
 * `Sforce-Limit-Info: api-usage=18/5000; per-app-api-usage=17/250(appName=x)`: the organisation's part.
 * https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_api_usage.htm
 */
export function parseUsage(header: string | undefined): { readonly used: number; readonly total: number } | null {
  const found = /(?:^|[\s;,])api-usage=(\d+)\/(\d+)/.exec(header ?? "");
  if (found === null) return null;
  const [used, total] = [Number(found[1]), Number(found[2])];
  return total > 0 ? { used, total } : null;
}
