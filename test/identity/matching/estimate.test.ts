import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { envFrom } from "../../../src/config/env.ts";
import { loadWeights } from "../../../src/config/load-weights.ts";
import { defaultWeights, type MatchWeights } from "../../../src/core/match-weights.ts";
import { estimate, type Pattern, type RandomLevel } from "../../../src/identity/matching/estimate.ts";
import { weightsText } from "../../../src/identity/matching/weights-text.ts";
import { randomOf } from "../../bench/matching/people.ts";
import { tempProject } from "../../config/temp-project.ts";
import { compared } from "./people-lab.ts";

const before = defaultWeights(compared);

/** Shares of exact, second, third … levels; what is left is the last one's. */
type Planted = Readonly<Record<string, readonly number[]>>;
const match: Planted = {
  first_name: [0.6, 0.05, 0.15, 0.05, 0.02],
  last_name: [0.85, 0.03, 0.05, 0.02],
  date_of_birth: [0.7, 0.15, 0.05],
  street: [0.5, 0.2, 0.1],
  postcode: [0.6, 0.1, 0.05],
};
const other: Planted = {
  first_name: [0.01, 0, 0.005, 0.01, 0.002],
  last_name: [0.005, 0, 0.004, 0.01],
  date_of_birth: [0.0001, 0.001, 0.005],
  street: [0.001, 0.001, 0.01],
  postcode: [0.002, 0.002, 0.006],
};

/** Patterns of pairs that agree exactly in two traits, as blocks bring them together, and of pairs drawn at random. */
function planted(seed: number): { patterns: Pattern[]; random: RandomLevel[] } {
  const random = randomOf(seed);
  const level = (trait: string, shares: Planted): string => {
    const levels = before.traits.find((each) => each.trait === trait)?.levels ?? [];
    let left = random();
    for (const [i, share] of (shares[trait] ?? []).entries()) {
      left -= share;
      if (left < 0) return levels[i]?.level ?? "";
    }
    return levels.at(-1)?.level ?? "";
  };
  const draw = (shares: Planted) =>
    Object.fromEntries(compared.map(({ trait }) => [trait, random() < 0.1 ? "missing" : level(trait, shares)]));
  const counts = new Map<string, Pattern>();
  const add = (levels: Readonly<Record<string, string>>) => {
    if (Object.values(levels).filter((each) => each === "exact").length < 2) return;
    const key = JSON.stringify(levels);
    counts.set(key, { levels, pairs: (counts.get(key)?.pairs ?? 0) + 1 });
  };
  for (let i = 0; i < 20_000; i++) add(draw(match));
  // Of many pairs of any two people few agree in two traits, as few of all pairs of records are matches.
  for (let i = 0; i < 400_000; i++) add(draw(other));
  const drawn = new Map<string, RandomLevel>();
  for (let i = 0; i < 50_000; i++) {
    for (const [trait, at] of Object.entries(draw(other))) {
      const key = `${trait} ${at}`;
      drawn.set(key, { trait, level: at, pairs: (drawn.get(key)?.pairs ?? 0) + 1 });
    }
  }
  return { patterns: [...counts.values()], random: [...drawn.values()] };
}

const chance = (weights: MatchWeights, trait: string, level: string) =>
  weights.traits.find((each) => each.trait === trait)?.levels.find((each) => each.level === level);

describe("estimating weights without labels", () => {
  const trained = estimate(before, { ...planted(11), blockOn: [] });

  it("finds the chances that pairs were made with", () => {
    for (const { trait, levels } of trained.traits) {
      for (const [i, share] of (match[trait] ?? []).entries()) {
        expect(Math.abs((levels[i]?.match ?? 0) - share), `${trait} ${levels[i]?.level ?? ""}`).toBeLessThan(0.04);
      }
    }
    expect(chance(trained, "date_of_birth", "near")?.other).toBeCloseTo(0.005, 2);
    expect(chance(trained, "first_name", "exact")?.other).toBe("frequency");
  });

  it("keeps to the weights before where there is nothing to learn from", () => {
    const none = estimate(before, { patterns: [], random: [], blockOn: [] });
    for (const { trait, levels } of none.traits) {
      for (const level of levels)
        expect(level.match).toBeCloseTo(chance(before, trait, level.level)?.match ?? Number.NaN, 9);
    }
  });

  it("writes a file that is read back", () => {
    const text = weightsText(trained);
    const { weights, faults } = loadWeights(tempProject({ "w.yml": text }), "w.yml", before, envFrom({}));
    expect(faults).toEqual([]);
    expect(weights.traits.map(({ role }) => role)).toEqual(before.traits.map(({ role }) => role));
    expect(chance(weights, "street", "close")?.match).toBeCloseTo(chance(trained, "street", "close")?.match ?? 0, 3);
    expect(parse(text)).toMatchObject({ weights: { matches_per_record: "learn" } });
  });
});
