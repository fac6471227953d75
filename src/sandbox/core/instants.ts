/** A date a number of milliseconds after (or before) another; leaves the other as it is. */
export function shifted(from: Date, ms: number): Date {
  const at = structuredClone(from);
  at.setTime(from.getTime() + ms);
  return at;
}
