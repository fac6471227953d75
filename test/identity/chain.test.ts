import { describe, expect, it } from "vitest";
import { chain, type Evidence } from "../../src/identity/chain.ts";
import { smallestCut } from "../../src/identity/cut.ts";
import { leastOfComponents } from "./union-find.ts";
import { numbers } from "./world.ts";

const edge = (a: string, b: string, confidence = 1, firstSeen = "2025-01-01"): Evidence => ({
  a,
  b,
  rule: "same_record",
  source: "web",
  firstSeen,
  confidence,
});

describe("the chain between two identifiers", () => {
  it("is the shortest, in walking order, with its weakest step and those that hold it together", () => {
    const edges = [edge("a", "b"), edge("c", "b", 0.9), edge("c", "d"), edge("d", "e"), edge("e", "c", 0.5)];
    const found = chain(edges, "a", "d");
    expect(found?.steps.map(({ from, to }) => `${from}→${to}`)).toEqual(["a→b", "b→c", "c→d"]);
    expect(found?.weakest).toMatchObject({ a: "c", b: "b" });
    // c and d hang together over e as well
    expect(found?.separating.map(({ a, b }) => a + b)).toEqual(["ab", "cb"]);
    expect(found?.together).toEqual([]);
  });

  it("is none between identifiers that nothing links", () => {
    expect(chain([edge("a", "b"), edge("c", "d")], "a", "d")).toBeNull();
  });

  it("takes the surest of several pieces of evidence for one pair, whichever end each names first, and only all away would separate", () => {
    const weak = [{ ...edge("a", "b", 0.6), rule: "match" }, edge("b", "a", 0.7)];
    expect(chain([...weak, edge("a", "b")], "a", "b")?.steps[0]?.rule).toBe("same_record");
    expect(chain([...weak, edge("a", "b")], "a", "b")?.separating).toHaveLength(1);
  });

  it("names the fewest pairs that separate only together, where no step does alone", () => {
    const edges = [edge("a", "x"), edge("x", "b"), edge("a", "y"), edge("y", "z"), edge("z", "b"), edge("x", "y")];
    const found = chain(edges, "a", "b");
    expect(found?.separating).toEqual([]);
    expect(found?.together?.map(({ a, b }) => a + b)).toEqual(["ax", "ay"]);
  });

  it("tells no set of pairs where there are too many ways", () => {
    const ways = Array.from({ length: 60 }, (_, i) => [edge("a", `m${i}`), edge(`m${i}`, "b")]).flat();
    expect(chain(ways, "a", "b")).toMatchObject({ separating: [], together: null });
  });
});

/** Whether A (0) and B (1) hang together without the links of `gone`, by another algorithm. */
function joined(links: readonly (readonly [number, number])[], gone: ReadonlySet<number>): boolean {
  const labels = leastOfComponents(
    links.filter((_, i) => !gone.has(i)),
    [0, 1],
  );
  return labels.get(0) === labels.get(1);
}

it.each(Array.from({ length: 40 }, (_, seed) => seed))(
  "the smallest cut of a random graph separates, and no smaller one does: seed %i",
  (seed) => {
    const next = numbers(seed);
    const pairs: (readonly [number, number])[] = [];
    for (let x = 0; x < 6; x++) for (let y = x + 1; y < 6; y++) if (next() < 0.6) pairs.push([x, y]);
    const links = pairs.map(([x, y], i) => (next() < 0.5 ? { a: `${x}`, b: `${y}`, i } : { a: `${y}`, b: `${x}`, i }));
    const cut = smallestCut(links, "0", "1") ?? [];
    expect(joined(pairs, new Set(cut.map(({ i }) => i)))).toBe(false);
    const smaller = (size: number, from: number, gone: readonly number[]): boolean =>
      size === 0
        ? !joined(pairs, new Set(gone))
        : pairs.some((_, i) => i >= from && smaller(size - 1, i + 1, [...gone, i]));
    for (let size = 0; size < cut.length; size++) expect(smaller(size, 0, [])).toBe(false);
  },
);
