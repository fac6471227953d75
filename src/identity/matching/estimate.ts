import type { MatchLevel, MatchWeights, TraitWeights } from "../../core/match-weights.ts";

/** Pairs of a block by their levels: all that estimating needs. `missing` is no evidence. */
export interface Pattern {
  readonly levels: Readonly<Record<string, string>>;
  readonly pairs: number;
}

/** How many of the pairs drawn at random were at a level of a trait. */
export interface RandomLevel {
  readonly trait: string;
  readonly level: string;
  readonly pairs: number;
}

export interface Evidence {
  readonly patterns: readonly Pattern[];
  readonly random: readonly RandomLevel[];
  /** Traits that brought pairs together, block by block; empty: every two. */
  readonly blockOn: readonly (readonly string[])[];
}

/** As many pairs as the weights before count for: few data move them little. */
const priorPairs = 50;
const steps = 40;
/** No level is impossible. */
const least = 1e-4;

type Counts = Map<string, Map<string, number>>;

/**
 * Estimates the chances of each level without labels, by expectation and maximisation over three kinds of pairs (Fellegi and
 * Sunter's matches and non-matches, and housemates). Those of any two people are counted in pairs drawn at random and stay
 * fixed. Within the pairs that one block brought together its own traits always agree and say nothing; so every block
 * estimates the other traits, and the blocks' counts are added up.
 */
export function estimate(before: MatchWeights, evidence: Evidence): MatchWeights {
  const random = countsOf(evidence.random.map(({ trait, level, pairs }) => [trait, level, pairs]));
  const start: MatchWeights = {
    ...before,
    traits: before.traits.map((each) => withOther(each, random.get(each.trait))),
  };
  const match: Counts = new Map();
  const housemate: Counts = new Map();
  for (const block of blocks(before, evidence.blockOn)) {
    const patterns = evidence.patterns.filter(({ levels }) => block.every((trait) => levels[trait] === "exact"));
    const others = start.traits.filter(({ trait }) => !block.includes(trait));
    if (patterns.length === 0 || others.length === 0) continue;
    estimateBlock(others, patterns, match, housemate);
  }
  return {
    ...before,
    traits: start.traits.map((each) => maximised(each, match.get(each.trait), housemate.get(each.trait))),
  };
}

function blocks({ traits }: MatchWeights, declared: readonly (readonly string[])[]): readonly (readonly string[])[] {
  if (declared.length > 0) return declared;
  const names = traits.filter(({ role }) => role !== "shared" && role !== "attribute").map(({ trait }) => trait);
  return names.flatMap((first, i) => names.slice(i + 1).map((second) => [first, second]));
}

function estimateBlock(
  traits: readonly TraitWeights[],
  patterns: readonly Pattern[],
  match: Counts,
  housemate: Counts,
) {
  let now = traits;
  let shares = { match: 0.4, housemate: 0.2, other: 0.4 };
  for (let step = 0; step < steps; step++) {
    const last = step === steps - 1;
    const matches: Counts = new Map();
    const housemates: Counts = new Map();
    const sums = { match: 0, housemate: 0, other: 0, all: 0 };
    for (const { levels, pairs } of patterns) {
      const odds = likelihoods(now, levels, shares);
      const all = odds.match + odds.housemate + odds.other;
      if (all === 0) continue;
      sums.match += (pairs * odds.match) / all;
      sums.housemate += (pairs * odds.housemate) / all;
      sums.other += (pairs * odds.other) / all;
      sums.all += pairs;
      for (const { trait } of now) {
        const level = levels[trait];
        if (level === undefined || level === "missing") continue;
        add(last ? match : matches, trait, level, (pairs * odds.match) / all);
        add(last ? housemate : housemates, trait, level, (pairs * odds.housemate) / all);
      }
    }
    if (last || sums.all === 0) return;
    shares = {
      match: sums.match / sums.all,
      housemate: sums.housemate / sums.all,
      other: sums.other / sums.all,
    };
    now = traits.map((each) => maximised(each, matches.get(each.trait), housemates.get(each.trait)));
  }
}

interface Shares {
  readonly match: number;
  readonly housemate: number;
  readonly other: number;
}

function likelihoods(traits: readonly TraitWeights[], levels: Pattern["levels"], shares: Shares): Shares {
  const odds = { ...shares };
  for (const { trait, levels: all } of traits) {
    const level = all.find((each) => each.level === levels[trait]);
    if (level === undefined) continue;
    const other = plainChance(level.other, all, "other");
    odds.match *= level.match;
    odds.other *= other;
    odds.housemate *= typeof level.housemate === "number" ? level.housemate : Math.max(other, floorOf(level));
  }
  return odds;
}

/** What is left for a level whose chance is the value's own share: its average over all values. */
function plainChance(chance: MatchLevel["other"], levels: readonly MatchLevel[], of: "other"): number {
  if (typeof chance === "number") return chance;
  const rest = levels.reduce((sum, each) => sum + (typeof each[of] === "number" ? each[of] : 0), 0);
  return Math.max(least, 1 - rest);
}

const floorOf = ({ housemate }: MatchLevel): number =>
  typeof housemate === "object" ? housemate.frequencyAtLeast : least;

/** Levels of any two people, from pairs drawn at random. */
function withOther(trait: TraitWeights, counted: ReadonlyMap<string, number> | undefined): TraitWeights {
  const total = sum(counted);
  const levels = trait.levels.map((level): MatchLevel => {
    if (typeof level.other !== "number") return level;
    const share = ((counted?.get(level.level) ?? 0) + priorPairs * level.other) / (total + priorPairs);
    return { ...level, other: Math.max(least / 10, share) };
  });
  return { ...trait, levels };
}

function maximised(
  trait: TraitWeights,
  match: ReadonlyMap<string, number> | undefined,
  housemate: ReadonlyMap<string, number> | undefined,
): TraitWeights {
  const [matches, housemates] = [sum(match), sum(housemate)];
  const levels = trait.levels.map((level): MatchLevel => {
    const count = (counted: ReadonlyMap<string, number> | undefined, total: number, prior: number) =>
      Math.max(least, ((counted?.get(level.level) ?? 0) + priorPairs * prior) / (total + priorPairs));
    return {
      ...level,
      match: count(match, matches, level.match),
      ...(typeof level.housemate === "number" && { housemate: count(housemate, housemates, level.housemate) }),
    };
  });
  return { ...trait, levels };
}

function countsOf(rows: readonly (readonly [string, string, number])[]): Counts {
  const counts: Counts = new Map();
  for (const [trait, level, pairs] of rows) if (level !== "missing") add(counts, trait, level, pairs);
  return counts;
}

function add(counts: Counts, trait: string, level: string, pairs: number): void {
  const of = counts.get(trait) ?? new Map<string, number>();
  of.set(level, (of.get(level) ?? 0) + pairs);
  counts.set(trait, of);
}

const sum = (counts: ReadonlyMap<string, number> | undefined): number => {
  let all = 0;
  for (const pairs of counts?.values() ?? []) all += pairs;
  return all;
};
