/**
 * Milliseconds that a Retry-After header asks for: seconds or an HTTP date (RFC 9110, section 10.2.3). Null: absent or neither.
 * A date that has passed is 0. `x-ratelimit-reset` is not guessed at: platforms mean seconds, milliseconds or an instant by it.
 */
export function retryAfterMs(header: string | undefined, now: Date): number | null {
  if (header === undefined) return null;
  const text = header.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1_000);
  // Date.parse reads much more than HTTP dates ("1", "-5"): ask for the weekday that every one of the three formats begins with.
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/i.test(text)) return null;
  const at = Date.parse(/GMT|UTC|[+-]\d{4}$/i.test(text) ? text : `${text} GMT`);
  return Number.isNaN(at) ? null : Math.max(0, at - now.getTime());
}
