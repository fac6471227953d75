import {
  type Chance,
  defaultLevels,
  type MatchLevel,
  type MatchWeights,
  type TraitRole,
  type TraitWeights,
} from "../core/match-weights.ts";
import type { Env } from "./env.ts";
import { error, type Fault } from "./fault.ts";
import { readMapping } from "./files.ts";
import { materialise } from "./materialise.ts";
import { listed, meant } from "./nearest.ts";
import { keyAt, type SourceMap } from "./source.ts";
import { validate } from "./validate.ts";
import { type WeightsYaml, weightsSchema } from "./weights-schema.ts";

export interface LoadedWeights {
  /** The default's where the file has faults. */
  readonly weights: MatchWeights;
  readonly faults: readonly Fault[];
}

/** How far the chances of a match may be from adding up to 1: they are written by people, rounded. */
const tolerance = 0.02;

/** Reads a file of weights over the default's. */
export function loadWeights(projectDir: string, file: string, defaults: MatchWeights, variables: Env): LoadedWeights {
  const { root, faults: unreadable } = readMapping(projectDir, file);
  if (root === undefined) return { weights: defaults, faults: unreadable };
  const made = materialise(root, variables, { secretRefs: "none" });
  const { value, faults } = validate(weightsSchema, root, made, () => true);
  if (value === undefined) return { weights: defaults, faults: [...unreadable, ...faults] };
  const { matches_per_record, housemates_per_record, traits = {} } = value.weights;
  const rules = weightRules(root, value.weights, defaults);
  if (rules.length > 0) return { weights: defaults, faults: [...unreadable, ...faults, ...rules] };
  return {
    weights: {
      from: file,
      matchesPerRecord: rateOf(matches_per_record),
      housematesPerRecord: rateOf(housemates_per_record),
      traits: defaults.traits.map((trait) => traitOf(trait, traits[trait.trait])),
    },
    faults: [...unreadable, ...faults],
  };
}

type TraitYaml = NonNullable<WeightsYaml["traits"]>[string];

function traitOf(trait: TraitWeights, yaml: TraitYaml | undefined): TraitWeights {
  const role = yaml?.as ?? trait.role;
  const known = defaultLevels[role];
  const written = yaml?.levels;
  if (written === undefined) return { trait: trait.trait, role, levels: known };
  // In the default's order: the strongest agreement is looked for first.
  const levels = known.flatMap(({ level }) => {
    const each = written[level];
    if (each === undefined) return [];
    return [{ level, match: each.match, housemate: chanceOf(each.housemate), other: each.other }];
  });
  return { trait: trait.trait, role, levels };
}

function weightRules(root: SourceMap, { traits = {} }: WeightsYaml, defaults: MatchWeights): Fault[] {
  const faults: Fault[] = [];
  for (const [name, yaml] of Object.entries(traits)) {
    const place = keyAt(root, ["weights", "traits", name]);
    const trait = defaults.traits.find((each) => each.trait === name);
    if (trait === undefined) {
      const all = defaults.traits.map((each) => each.trait);
      faults.push(error(place, `matching compares no trait "${name}"`, meant(name, all, "compared traits")));
      continue;
    }
    if (yaml.levels !== undefined) faults.push(...levelRules(root, name, yaml.as ?? trait.role, yaml.levels));
  }
  return faults;
}

function levelRules(
  root: SourceMap,
  trait: string,
  role: TraitRole,
  levels: NonNullable<TraitYaml["levels"]>,
): Fault[] {
  const known: readonly MatchLevel[] = defaultLevels[role];
  const names = known.map(({ level }) => level);
  const faults: Fault[] = [];
  for (const level of Object.keys(levels)) {
    if (names.includes(level)) continue;
    const place = keyAt(root, ["weights", "traits", trait, "levels", level]);
    faults.push(error(place, `${role} has no level "${level}"`, meant(level, names, "levels")));
  }
  const place = keyAt(root, ["weights", "traits", trait, "levels"]);
  const missing = names.filter((level) => levels[level] === undefined);
  if (missing.length > 0)
    faults.push(error(place, `levels of ${trait} are missing: ${listed(missing)}`, "give all, or leave `levels:` out"));
  const sum = Object.values(levels).reduce((all, { match }) => all + match, 0);
  if (faults.length === 0 && Math.abs(sum - 1) > tolerance) {
    const message = `the chances of ${trait} in a match add up to ${Number(sum.toFixed(3))}`;
    faults.push(error(place, message, "every pair is at one level: make them add up to 1"));
  }
  return faults;
}

const rateOf = (yaml: number | "learn" | undefined): number | null => (typeof yaml === "number" ? yaml : null);

const chanceOf = (yaml: TraitLevelYaml["housemate"]): Chance =>
  typeof yaml === "object" ? { frequencyAtLeast: yaml.frequency_at_least } : yaml;

type TraitLevelYaml = NonNullable<TraitYaml["levels"]>[string];
