import type { Used } from "../measure.ts";

/** CPU of both sides: a plan's is the server's, a page's mostly ours. */
export const cpuOf = ({ cpu, facts }: Used): number => cpu + (facts.server ?? 0) / 100;

/** What a machine with nothing else to do would take: client and server work at the same time, one thread each. */
export const slowerSide = ({ cpu, facts }: Used): number => Math.max(cpu, (facts.server ?? 0) / 100);

/** The bench's own check that a variant did its work. */
export function same(what: string, found: number | undefined, expected: number): void {
  if (found !== expected) throw new Error(`${what}: expected ${expected}, found ${found}`);
}
