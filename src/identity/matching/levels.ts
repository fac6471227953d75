import type { MatchWeights, TraitRole } from "../../core/match-weights.ts";

/** Two records of a pair are `a` and `b` in the compiled SQL, with one column per trait. */
export interface LevelContext {
  readonly trait: string;
  readonly role: TraitRole;
  /** The traits that hold the two names, where both are compared: they may stand in each other's place. */
  readonly givenName: string | null;
  readonly familyName: string | null;
}

const within = (trait: string, most: string): string =>
  `{{ millrace.edit_distance_within('a.${trait}', 'b.${trait}', '${most}') }}`;
const shortest = (trait: string): string => `least(length(a.${trait}), length(b.${trait}))`;
const longest = (trait: string): string => `greatest(length(a.${trait}), length(b.${trait}))`;
const begins = (trait: string): string =>
  `(left(a.${trait}, length(b.${trait})) = b.${trait} or left(b.${trait}, length(a.${trait})) = a.${trait})`;
const holds = (trait: string): string =>
  `({{ dbt.position('a.${trait}', 'b.${trait}') }} > 0 or {{ dbt.position('b.${trait}', 'a.${trait}') }} > 0)`;

/** Conditions per level, tried in the order of the weights; a level without one here holds the rest. Exact is common to all. */
const conditions: Readonly<Record<TraitRole, Readonly<Record<string, (context: LevelContext) => string>>>> = {
  given_name: { ...nameLevels(), initial: ({ trait }) => `${shortest(trait)} = 1 and ${begins(trait)}` },
  family_name: nameLevels(),
  full_name: wordLevels(),
  date: {
    typo: ({ trait }) => `(${within(trait, "1")} or ${dayAndMonthExchanged(trait)})`,
    near: ({ trait }) =>
      `${within(trait, "2")} and (left(a.${trait}, 4) = left(b.${trait}, 4) or substring(a.${trait}, 5, 4) = substring(b.${trait}, 5, 4))`,
  },
  postcode: codeLevels(),
  code: codeLevels(),
  place: wordLevels(),
  address: wordLevels(),
  text: wordLevels(),
  phone: { typo: ({ trait }) => `${shortest(trait)} >= 4 and ${within(trait, "1")}` },
  email: { close: ({ trait }) => within(trait, `floor(${longest(trait)} / 5.0)`) },
  shared: {},
  attribute: {},
};

/** SQL of one trait's level in a pair; 'missing' where a record lacks it. */
export function levelCase(context: LevelContext, levels: readonly { readonly level: string }[]): string {
  const { trait, role } = context;
  const lines = [`when a.${trait} is null or b.${trait} is null then 'missing'`];
  for (const { level } of levels.slice(0, -1)) {
    const condition = level === "exact" ? `a.${trait} = b.${trait}` : conditions[role][level]?.(context);
    if (condition !== undefined && condition !== "") lines.push(`when ${condition} then '${level}'`);
  }
  return ["case", ...lines.map((line) => `  ${line}`), `  else '${levels.at(-1)?.level ?? "different"}'`, "end"].join(
    "\n",
  );
}

/** The two names of a person, where both are compared. */
export function nameTraits({ traits }: MatchWeights): Pick<LevelContext, "givenName" | "familyName"> {
  const givenName = traits.find(({ role }) => role === "given_name")?.trait ?? null;
  const familyName = traits.find(({ role }) => role === "family_name")?.trait ?? null;
  return givenName === null || familyName === null ? { givenName: null, familyName: null } : { givenName, familyName };
}

function nameLevels() {
  return {
    swapped: ({ givenName, familyName }: LevelContext) =>
      givenName === null || familyName === null
        ? ""
        : `a.${givenName} = b.${familyName} and a.${familyName} = b.${givenName}`,
    close: ({ trait }: LevelContext) => `${shortest(trait)} >= 3 and ${within(trait, "1")}`,
    near: ({ trait }: LevelContext) =>
      `(${shortest(trait)} >= 6 and ${within(trait, "2")} or ${shortest(trait)} >= 3 and ${begins(trait)})`,
  };
}

function wordLevels() {
  return {
    close: ({ trait }: LevelContext) => within(trait, `floor(${longest(trait)} / 5.0)`),
    near: ({ trait }: LevelContext) =>
      `(${within(trait, `floor(${longest(trait)} / 3.0)`)} or ${shortest(trait)} >= 4 and ${holds(trait)})`,
  };
}

function codeLevels() {
  return {
    typo: ({ trait }: LevelContext) => `${shortest(trait)} >= 4 and ${within(trait, "1")}`,
    near: ({ trait }: LevelContext) => `${shortest(trait)} >= 6 and ${within(trait, "2")}`,
  };
}

function dayAndMonthExchanged(trait: string): string {
  const part = (record: string, from: number, length: number) => `substring(${record}.${trait}, ${from}, ${length})`;
  return [
    `left(a.${trait}, 4) = left(b.${trait}, 4)`,
    `${part("a", 5, 2)} = ${part("b", 7, 2)}`,
    `${part("a", 7, 2)} = ${part("b", 5, 2)}`,
  ].join(" and ");
}
