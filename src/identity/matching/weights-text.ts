import { stringify } from "yaml";
import type { Chance, MatchLevel, MatchWeights } from "../../core/match-weights.ts";

const head = `# Weights of matching: how likely each level of agreement is, level by level.
#   match      in two records of one person
#   housemate  in records of two people of one household
#   other      in records of any two people; frequency: as common as the value itself
# A pair's evidence is log2(match / other) bits per trait. Review, change and commit this file like any other.
`;

/** Weights as the YAML that people review. */
export function weightsText(weights: MatchWeights): string {
  const rate = (value: number | null) => value ?? "learn";
  const body = {
    weights: {
      matches_per_record: rate(weights.matchesPerRecord),
      housemates_per_record: rate(weights.housematesPerRecord),
      traits: Object.fromEntries(
        weights.traits.map(({ trait, role, levels }) => [
          trait,
          { as: role, levels: Object.fromEntries(levels.map((level) => [level.level, levelYaml(level)])) },
        ]),
      ),
    },
  };
  return `${head}${stringify(body, { lineWidth: 0 })}`;
}

const levelYaml = ({ match, housemate, other }: MatchLevel) => ({
  match: rounded(match),
  housemate: chanceYaml(housemate),
  other: other === "frequency" ? other : rounded(other),
});

function chanceYaml(chance: Chance) {
  if (typeof chance === "number") return rounded(chance);
  return chance === "frequency" ? chance : { frequency_at_least: chance.frequencyAtLeast };
}

const rounded = (value: number): number => Number(value.toPrecision(3));
