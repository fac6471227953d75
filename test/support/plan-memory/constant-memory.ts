import { expect } from "vitest";
import { type Args, inChild, type Used } from "../../bench/measure.ts";

const module = new URL("./variants.ts", import.meta.url);

/** A row of these plans is 300 bytes and more, whatever form it would be kept in. */
const KEPT_BYTES_A_ROW = 200;

/** As much as a delivery may take: docs/benchmarks.md. */
const MOST_BYTES = 450e6;

export type Sizes = readonly [few: number, many: number];

/**
 * Reads a short and a long plan, each in a process of its own, and holds what lives in the longer one's against the other's.
 * @param argsOf engine, options and rows
 */
export async function assertConstantMemory(
  way: "stream" | "pages" | "kept",
  [few, many]: Sizes,
  argsOf: (rows: number) => Promise<Args>,
): Promise<void> {
  const used: Used[] = [];
  for (const rows of [few, many]) {
    const found = await inChild(module, way, { ...(await argsOf(rows)), rows });
    expect(found.facts).toMatchObject({ rows, sum: (rows * (rows + 1)) / 2 });
    expect(found.rss, `peak of ${rows} rows`).toBeLessThan(MOST_BYTES);
    used.push(found);
  }
  const [short = Number.NaN, long = Number.NaN] = used.map(({ facts }) => facts.liveMb);
  expect(long - short, "MB more for the longer plan").toBeLessThan(((many - few) * KEPT_BYTES_A_ROW) / 1e6);
}
