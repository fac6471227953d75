import { createHash } from "node:crypto";

/** Characters of a name: Postgres ends there, and other engines later. */
export const longestName = 63;

/** A model's name as it is where it has room, or else cut, with six characters of a hash that tells it from others that begin alike. */
export function shortName(whole: string, room: number): string {
  if (whole.length <= room) return whole;
  const hash = createHash("sha256").update(whole).digest("hex").slice(0, 6);
  return `${whole.slice(0, room - hash.length - 1)}_${hash}`;
}
