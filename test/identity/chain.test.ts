import { describe, expect, it } from "vitest";
import { chain, type Evidence } from "../../src/identity/chain.ts";

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
  });

  it("is none between identifiers that nothing links", () => {
    expect(chain([edge("a", "b"), edge("c", "d")], "a", "d")).toBeNull();
  });

  it("takes the surest of several pieces of evidence for one pair, and only both away would separate", () => {
    const weak = { ...edge("a", "b", 0.6), rule: "match" };
    expect(chain([weak, edge("a", "b")], "a", "b")?.steps[0]?.rule).toBe("same_record");
    expect(chain([weak, edge("a", "b")], "a", "b")?.separating).toHaveLength(1);
  });
});
