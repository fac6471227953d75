/**
 * Exponential backoff with full jitter: anything between nothing and the doubled step, so that clients which failed together
 * do not come back together. https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 * `failures` is 1 for the first; never less than what the platform asked for.
 */
export function backoffMs(
  failures: number,
  limits: { readonly backoffBaseMs: number; readonly backoffMaxMs: number },
  random: () => number,
  askedMs: number | null,
): number {
  const step = Math.min(limits.backoffMaxMs, limits.backoffBaseMs * 2 ** Math.min(failures - 1, 30));
  return Math.max(askedMs ?? 0, Math.round(random() * step));
}
