import type { Declarations, TraitDeclaration } from "../core/declared.ts";
import { comment } from "../rules/literal.ts";
import { type ProfileKeys, passOf, rowsQuery } from "../rules/rows.ts";
import { columns, ref, withTables } from "../rules/text.ts";
import { fallbackOf, isAggregate, steadyTraits, traitModel } from "./trait-file.ts";

export const profileTraits = "profile_traits";

/** One row per profile: the golden record's columns and every trait. What rules and segment syncs read. */
export function profileTraitsSql(declared: Declarations, keys: ProfileKeys): string {
  const tables: (readonly [string, string])[] = [["profiles", profilesQuery(declared, keys)]];
  const files = declared.traitFiles.filter(({ traits }) => traits.some(isAggregate));
  const golden = declared.golden ?? [];
  const base = [
    "profiles.profile_id",
    ...golden.map((name) => `golden.${name}`),
    ...files.flatMap((file) =>
      file.traits.filter(isAggregate).map((trait) => baseColumn(trait, traitModel(file), keys.timeZone)),
    ),
  ];
  const joins = [
    ...(declared.golden === null
      ? []
      : [`left join ${ref("profile_golden")} as golden on profiles.profile_id = golden.profile_id`]),
    ...files.map(
      (file) =>
        `left join ${ref(traitModel(file))} as ${traitModel(file)} on profiles.profile_id = ${traitModel(file)}.profile_id`,
    ),
  ];
  tables.push(["observed", ["select", columns(base), "from profiles", ...joins].join("\n")]);
  let from = "observed";
  for (const [i, traits] of levels(declared).entries()) {
    const name = `computed_${i + 1}`;
    tables.push([name, `select\n${columns(["*", ...traits.map(computedColumn)])}\nfrom ${from}`]);
    from = name;
  }
  const header = comment("One row per profile: the golden record and every trait.");
  return `-- ${header}\n${withTables(tables, `select * from ${from}`)}`;
}

/** Everybody: of identity, or else whoever has a row in a table of traits or events. */
function profilesQuery(declared: Declarations, keys: ProfileKeys): string {
  if (declared.golden !== null) return `select profile_id from ${ref("profile_golden")}`;
  const files = declared.traitFiles.filter(({ traits }) => traits.some(isAggregate));
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
export function levels(declared: Declarations): TraitDeclaration[][] {
  let open = declared.traitFiles.flatMap(({ traits }) => traits).filter((trait) => !isAggregate(trait));
  const made: TraitDeclaration[][] = [];
  while (open.length > 0) {
    const names = new Set(open.map(({ name }) => name));
    const ready = open.filter((trait) => !reads(trait).some((name) => name !== trait.name && names.has(name)));
    if (ready.length === 0) return [...made, open];
    made.push(ready);
    open = open.filter((trait) => !ready.includes(trait));
  }
  return made;
}

/** Words of an expression that may be traits. */
function reads({ rule }: TraitDeclaration): string[] {
  if (rule.kind === "ratio") return [rule.of, rule.to];
  if (rule.kind === "score") return [rule.of];
  if (rule.kind !== "expression") return [];
  return rule.text.replace(/'(?:[^']|'')*'/g, " ").match(/[a-z_][a-z0-9_]*/gi) ?? [];
}
