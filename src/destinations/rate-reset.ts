import type { Clock } from "../core/clock.ts";
import { RateLimited } from "../core/delivery-errors.ts";

/**
 * A 429 of a platform that says with a header of its own when its window ends, as seconds since 1970. undefined: there is a
 * Retry-After, which the HTTP client reads, or no such header.
 */
export function limitedUntil(
  platform: string,
  header: string,
  headers: Readonly<Record<string, string>>,
  clock: Clock,
): RateLimited | undefined {
  const at = Number(headers[header]);
  if (headers["retry-after"] !== undefined || !Number.isFinite(at) || at <= 0) return undefined;
  return new RateLimited(`${platform} answered 429: too many requests`, {
    hint: "Nothing to do: the delivery waits as long as the platform asks.",
    context: { status: 429 },
    retryAfterMs: Math.max(0, Math.ceil(at * 1_000 - clock.now().getTime())),
  });
}
