import { type Declarations, type TraitDeclaration, type TraitFile, traitModel } from "../core/declared.ts";
import { traitsNamed } from "../core/traits-named.ts";
import { comment } from "../rules/literal.ts";
import { type ProfileKeys, passOf, rowsQuery } from "../rules/rows.ts";
import { columns, ref, withTables } from "../rules/text.ts";
import { fallbackOf, isAggregate, steadyTraits } from "./trait-file.ts";

export const profileTraits = "profile_traits";

/** What a query of profiles has in a row. */
export interface ProfileColumns {
  /** A query of everybody's profile_id. */
  readonly everybody: string;
  /** Of the golden record; null: it is not read. */
  readonly golden: readonly string[] | null;
  /** Read off tables, by file. */
  readonly files: readonly { readonly file: TraitFile; readonly traits: readonly TraitDeclaration[] }[];
  /** Columns of other models with a row per profile, for those that are computed from them. */
  readonly beside: readonly { readonly model: string; readonly names: readonly string[] }[];
  /** Computed, each level from those before it. */
  readonly levels: readonly (readonly TraitDeclaration[])[];
}

/** One row per profile: the golden record's columns and every trait. What rules and segment syncs read. */
export function profileTraitsSql(declared: Declarations, keys: ProfileKeys): string {
  const all: ProfileColumns = {
    everybody: profilesQuery(declared, keys),
    golden: declared.golden,
    files: filesWithTables(declared).map((file) => ({ file, traits: file.traits.filter(isAggregate) })),
    beside: [],
    levels: levels(traitsOf(declared)),
  };
  const { tables, last } = profileColumnsQuery(all, keys);
  return `-- ${comment(everythingOfProfiles)}\n${withTables(tables, `select * from ${last}`)}`;
}

export const everythingOfProfiles = "One row per profile: the golden record and every trait.";

export const traitsOf = ({ traitFiles }: Pick<Declarations, "traitFiles">): TraitDeclaration[] =>
  traitFiles.flatMap(({ traits }) => traits);

/** Files that have traits in a table of their own. */
export const filesWithTables = ({ traitFiles }: Pick<Declarations, "traitFiles">): TraitFile[] =>
  traitFiles.filter(({ traits }) => traits.some(isAggregate));

/** The tables of a query, and which of them has all the columns. */
export function profileColumnsQuery(
  { everybody, golden, files, beside, levels }: ProfileColumns,
  keys: ProfileKeys,
): { readonly tables: readonly (readonly [string, string])[]; readonly last: string } {
  const tables: (readonly [string, string])[] = [["profiles", everybody]];
  const base = [
    "profiles.profile_id",
    ...(golden ?? []).map((name) => `golden.${name}`),
    ...files.flatMap(({ file, traits }) => traits.map((trait) => baseColumn(trait, traitModel(file), keys.timeZone))),
    ...beside.flatMap(({ model, names }) => names.map((name) => `${model}.${name}`)),
  ];
  const join = (model: string, alias: string): string =>
    `left join ${ref(model)} as ${alias} on profiles.profile_id = ${alias}.profile_id`;
  const joins = [
    ...(golden === null ? [] : [join("profile_golden", "golden")]),
    ...[...files.map(({ file }) => traitModel(file)), ...beside.map(({ model }) => model)].map((model) =>
      join(model, model),
    ),
  ];
  tables.push(["observed", ["select", columns(base), "from profiles", ...joins].join("\n")]);
  let last = "observed";
  for (const [i, traits] of levels.entries()) {
    const name = `computed_${i + 1}`;
    tables.push([name, `select\n${columns(["*", ...traits.map(computedColumn)])}\nfrom ${last}`]);
    last = name;
  }
  return { tables, last };
}

/** Everybody: of identity, or else whoever has a row in a table of traits or events. */
export function profilesQuery(declared: Declarations, keys: ProfileKeys): string {
  if (declared.golden !== null) return `select profile_id from ${ref("profile_golden")}`;
  const files = filesWithTables(declared);
  const whole = new Set(
    files
      .filter(({ source }) => source.where.length === 0)
      .map(({ source }) => `${source.model}|${source.profile.column}`),
  );
  const parts = files.map((file) => {
    const there = steadyTraits(file, keys) === null ? "" : " where has_rows = 1";
    return `select profile_id from ${ref(traitModel(file))}${there}`;
  });
  const seen = new Set<string>();
  for (const event of declared.events) {
    if (whole.has(`${event.model}|${event.profile.column}`) || seen.has(passOf(event))) continue;
    seen.add(passOf(event));
    parts.push(rowsQuery(event, [], [], keys));
  }
  return `select profile_id\nfrom (\n${columns([parts.join("\nunion all\n")])}\n) as everybody\ngroup by profile_id`;
}

function baseColumn(trait: TraitDeclaration, table: string, timeZone: string): string {
  const column = `${table}.${trait.name}`;
  const value = trait.rule.kind === "days_since" ? `{{ millrace.days_since("${column}", '${timeZone}') }}` : column;
  const fallback = fallbackOf(trait);
  if (fallback !== null) return `coalesce(${value}, ${fallback}) as ${trait.name}`;
  return value === column ? column : `${value} as ${trait.name}`;
}

function computedColumn({ name, rule, fallback, ...trait }: TraitDeclaration): string {
  const value = computed(rule);
  const missing = fallbackOf({ name, rule, fallback, ...trait });
  return `${missing === null ? value : `coalesce(${value}, ${missing})`} as ${name}`;
}

function computed(rule: TraitDeclaration["rule"]): string {
  switch (rule.kind) {
    case "ratio":
      return `cast(${rule.of} as {{ millrace.type_double() }}) / nullif(${rule.to}, 0)`;
    case "score": {
      // Fifths by rank: equal values score the same. Who has no value has no score, and no part in the others' ranks.
      const direction = rule.best === "highest" ? "asc" : "desc";
      const group = `case when ${rule.of} is null then 1 else 0 end`;
      const rank = `percent_rank() over (partition by ${group} order by ${rule.of} ${direction})`;
      return `case when ${rule.of} is not null then cast(least(floor(${rank} * 5), 4) as integer) + 1 end`;
    }
    case "expression":
      return rule.text;
    default:
      throw new RangeError(`${rule.kind} is no computed trait`);
  }
}

/** Computed traits, each after those it reads. What remains in a circle is left to the last level, where dbt names it; check refuses it. */
export function levels(traits: readonly TraitDeclaration[]): TraitDeclaration[][] {
  let open = traits.filter((trait) => !isAggregate(trait));
  const made: TraitDeclaration[][] = [];
  while (open.length > 0) {
    const names = new Set(open.map(({ name }) => name));
    const ready = open.filter(
      (trait) => !traitsNamed(trait.rule).some((name) => name !== trait.name && names.has(name)),
    );
    if (ready.length === 0) return [...made, open];
    made.push(ready);
    open = open.filter((trait) => !ready.includes(trait));
  }
  return made;
}
