import type { TraitDeclaration, TraitFile, TraitRule } from "../core/declared.ts";
import { ago, filtersSql, jinjaCall } from "../rules/comparison.ts";
import { comment, literal } from "../rules/literal.ts";
import { happened, type ProfileKeys, rowsQuery } from "../rules/rows.ts";
import {
  affectedTables,
  lastEvaluation,
  later,
  onlyAffected,
  type Steady,
  steadyColumns,
  steadyNeeds,
  steadyOf,
} from "../rules/steady.ts";
import { columns, withTables } from "../rules/text.ts";

/** Traits that are read off the table; the others are computed from them. */
export const isAggregate = ({ rule }: TraitDeclaration): boolean =>
  rule.kind !== "ratio" && rule.kind !== "expression" && rule.kind !== "score";

/** One row per profile that has rows in the table: all the file's aggregates, from one scan. */
export function traitFileSql(file: TraitFile, keys: ProfileKeys): string {
  const { source } = file;
  const traits = file.traits.filter(isAggregate);
  const aggregates: string[] = [];
  const tables: (readonly [string, string])[] = [];
  const joined: { readonly trait: string; readonly table: string; readonly column: string }[] = [];
  const read = new Set<string>();
  const filters = [...happened(source), ...filtersSql(source.where, (name) => `source.${name}`, keys.timeZone)];
  for (const trait of traits) {
    const condition = conditionOf(trait, source.at, keys.timeZone, read);
    const { rule } = trait;
    if (rule.kind === "most_frequent") {
      read.add(rule.column);
      tables.push(...mostFrequent(trait.name, rule.column, condition, source.at));
      joined.push({ trait: trait.name, table: `${trait.name}_ranks`, column: rule.column });
    } else if (rule.kind === "median_gap") {
      read.add(rule.column);
      tables.push(...medianGap(trait.name, rule.column, condition, keys.timeZone));
      joined.push({ trait: trait.name, table: `${trait.name}_medians`, column: "days" });
    } else {
      for (const name of columnsOf(rule)) read.add(name);
      const byKey = rule.kind === "first" || rule.kind === "last" || rule.kind === "value";
      if (byKey && source.at !== undefined) read.add(source.at);
      if (byKey && source.key !== undefined) read.add(source.key);
      aggregates.push(`${aggregate(trait, rule, condition, source, keys.timeZone)} as ${trait.name}`);
    }
  }
  // An aggregate in the warehouse's own words may read any column.
  const everything = traits.some(({ rule }) => rule.kind === "sql");
  const select = everything ? ["source.*"] : [...read].map((name) => `source.${name}`);
  const steady = steadyTraits(file, keys);
  const total = `select\n${columns(["profile_id", ...aggregates])}\nfrom records\ngroup by profile_id`;
  const last =
    joined.length === 0
      ? "select * from totals"
      : [
          "select",
          columns(["totals.*", ...joined.map(({ trait, table, column }) => `${table}.${column} as ${trait}`)]),
          "from totals",
          ...joined.map(({ table }) => {
            const first = table.endsWith("_ranks") ? ` and ${table}.place = 1` : "";
            return `left join ${table} on totals.profile_id = ${table}.profile_id${first}`;
          }),
        ].join("\n");
  const header = `-- ${comment(`Traits of ${source.model}: one row per profile that has rows there.`)}`;
  const rows = rowsQuery(source, select, filters, keys);
  if (steady === null) return `${header}\n${withTables([["records", rows], ["totals", total], ...tables], last)}`;
  const stamped = [
    "select",
    columns([
      `${later("affected", "traits")}.profile_id`,
      ...traits.map(({ name }) => `traits.${name}`),
      // Who is evaluated again and has no rows left has a row of nulls: nothing takes its old one away otherwise.
      "case when traits.profile_id is null then 0 else 1 end as has_rows",
      ...steadyColumns(steady),
    ]),
    `from ${later("affected left join traits on affected.profile_id = traits.profile_id", "traits")}`,
  ].join("\n");
  const body = withTables(
    [["records", `${rows}${onlyAffected(steady)}`], ["totals", total], ...tables, ["traits", last]],
    stamped,
  );
  return `${header}\n${steadyNeeds(steady)}${lastEvaluation(steady)}with ${later(affectedTables(steady))}${body.replace(/^with /, "")}`;
}

/** null where every build computes everybody's. */
export function steadyTraits({ source, traits }: TraitFile, keys: ProfileKeys): Steady | null {
  const own = traits.filter(isAggregate);
  const says = own.map(({ name, rule, where, within, as }) => [name, rule, where, within, as]);
  const looks = own.map(({ within, where }) => ({ within, where: [...source.where, ...where] }));
  return steadyOf(source, [{ where: source.where }, ...looks], [says, source.where], keys);
}

function conditionOf(
  { where, within }: TraitDeclaration,
  at: string | undefined,
  timeZone: string,
  read: Set<string>,
): string | null {
  const parts = filtersSql(where, (name) => `records.${name}`, timeZone);
  for (const { column } of where) read.add(column);
  if (within !== undefined && at !== undefined) {
    read.add(at);
    parts.push(`records.${at} >= ${ago(within, timeZone)}`);
  }
  return parts.length === 0 ? null : parts.join(" and ");
}

function columnsOf(rule: TraitRule): string[] {
  if (!("column" in rule)) return [];
  return rule.column === null ? [] : [rule.column];
}

const when = (condition: string | null, value: string): string =>
  condition === null ? value : `case when ${condition} then ${value} end`;

function aggregate(
  trait: TraitDeclaration,
  rule: TraitRule,
  condition: string | null,
  { at, key }: TraitFile["source"],
  timeZone: string,
): string {
  switch (rule.kind) {
    case "count":
      if (rule.column === null) return condition === null ? "count(*)" : `count(${when(condition, "1")})`;
      return `count(${when(condition, `records.${rule.column}`)})`;
    case "distinct":
      return `count(distinct ${when(condition, `records.${rule.column}`)})`;
    case "sum":
    case "min":
    case "max":
      return cast(`${rule.kind}(${when(condition, `records.${rule.column}`)})`, trait.as, timeZone);
    case "average":
      return `avg(cast(${when(condition, `records.${rule.column}`)} as {{ millrace.type_double() }}))`;
    case "days_since":
      // The latest or earliest time; how long ago that is, the profile's row says.
      return `${rule.of}(${when(condition, `records.${rule.column}`)})`;
    case "first":
    case "last":
      return cast(firstBy(rule.column, rule.kind === "last" ? "desc" : "asc", condition, at, key), trait.as, timeZone);
    case "value":
      if (at === undefined) return cast(`max(${when(condition, `records.${rule.column}`)})`, trait.as, timeZone);
      return cast(firstBy(rule.column, "desc", condition, at, key), trait.as, timeZone);
    case "sql":
      return rule.text;
    default:
      throw new RangeError(`${rule.kind} is no aggregate`);
  }
}

function firstBy(
  column: string,
  direction: "asc" | "desc",
  condition: string | null,
  at: string | undefined,
  key: string | undefined,
): string {
  // Rows of one instant: the key decides, else the value itself, so that the same rows always give the same trait.
  const order = [`records.${at ?? column} ${direction}`, `records.${key ?? column} ${direction}`];
  const there = `records.${column} is not null${condition === null ? "" : ` and ${condition}`}`;
  return `{{ millrace.first_by("records.${column}", "${order.join(", ")}", ${jinjaCall(there)}) }}`;
}

function cast(value: string, as: TraitDeclaration["as"], timeZone: string): string {
  switch (as) {
    case undefined:
      return value;
    case "date":
      return `{{ millrace.local_date(${jinjaCall(value)}, '${timeZone}') }}`;
    case "number":
      return `cast(${value} as {{ millrace.type_double() }})`;
    case "text":
      return `cast(${value} as {{ dbt.type_string() }})`;
    case "boolean":
      return `cast(${value} as boolean)`;
    case "timestamp":
      return `cast(${value} as {{ dbt.type_timestamp() }})`;
  }
}

/** Most rows; of equals the latest, then the least value. */
function mostFrequent(
  name: string,
  column: string,
  condition: string | null,
  at: string | undefined,
): (readonly [string, string])[] {
  const there = `records.${column} is not null${condition === null ? "" : `\n    and ${condition}`}`;
  const latest = at === undefined ? [] : [`max(${at}) as latest`];
  const order = ["times desc", ...(at === undefined ? [] : ["latest desc"]), column];
  return [
    [
      `${name}_counts`,
      `select\n${columns(["profile_id", column, "count(*) as times", ...latest])}\nfrom records\nwhere\n    ${there}\ngroup by profile_id, ${column}`,
    ],
    [
      `${name}_ranks`,
      `select\n${columns(["profile_id", column, `row_number() over (partition by profile_id order by ${order.join(", ")}) as place`])}\nfrom ${name}_counts`,
    ],
  ];
}

/** Days with a row, the days between them, and the middle one (or the mean of the two): no engine's own median, so that all agree. */
function medianGap(
  name: string,
  column: string,
  condition: string | null,
  timeZone: string,
): (readonly [string, string])[] {
  const there = `records.${column} is not null${condition === null ? "" : `\n    and ${condition}`}`;
  const before = "lag(happened_on) over (partition by profile_id order by happened_on)";
  return [
    [
      `${name}_days`,
      `select distinct\n${columns(["profile_id", `{{ millrace.local_date("records.${column}", '${timeZone}') }} as happened_on`])}\nfrom records\nwhere\n    ${there}`,
    ],
    [
      `${name}_gaps`,
      `select\n${columns(["profile_id", `{{ millrace.days_between("${before}", "happened_on") }} as days`])}\nfrom ${name}_days`,
    ],
    [
      `${name}_places`,
      `select\n${columns(["profile_id", "days", "row_number() over (partition by profile_id order by days) as place", "count(*) over (partition by profile_id) as gaps"])}\nfrom ${name}_gaps\nwhere days is not null`,
    ],
    [
      `${name}_medians`,
      `select\n${columns(["profile_id", "avg(cast(days as {{ millrace.type_double() }})) as days"])}\nfrom ${name}_places\nwhere 2 * place between gaps and gaps + 2\ngroup by profile_id`,
    ],
  ];
}

/** What a missing row of the table means for the trait. */
export function fallbackOf({ rule, fallback }: TraitDeclaration): string | null {
  if (fallback !== undefined) return literal(fallback);
  return rule.kind === "count" || rule.kind === "distinct" ? "0" : null;
}
