import type { Chance, MatchLevel, TraitWeights } from "../../core/match-weights.ts";

/** What a pair's levels are held against: any two people, or two of one household. */
export type Against = "other" | "housemate";

/**
 * SQL of the evidence, in bits, that a pair's agreement on one trait gives for one person: log2 of match over the other
 * chance. `p` is the pair with the trait's level, `a` the first record with the share of its value.
 */
export function evidenceCase({ trait, levels }: TraitWeights, against: Against): string {
  const lines = levels.map((each) => {
    const chance = each[against];
    const head = `when '${each.level}' then`;
    if (typeof chance === "number") return `${head} ${bits(each, chance)}  -- ${each.match} against ${chance}`;
    return `${head} ${frequencyBits(trait, each, chance)}`;
  });
  return [`case p.${trait}`, ...lines.map((line) => `  ${line}`), "  else 0.0", "end"].join("\n");
}

/** A value's share is never above the chance of agreeing in a match: agreeing is no evidence against. */
function frequencyBits(trait: string, { match }: MatchLevel, chance: Exclude<Chance, number>): string {
  const share = `a.${trait}_share`;
  const floor = chance === "frequency" ? share : `greatest(${share}, ${chance.frequencyAtLeast})`;
  return `ln(${match} / least(${match}, ${floor})) / ln(2.0)`;
}

const bits = ({ match }: MatchLevel, chance: number): string => Math.log2(match / chance).toFixed(4);
