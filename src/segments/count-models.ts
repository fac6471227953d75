import type { Span } from "../core/declared.ts";
import { longestName, shortName } from "../core/model-name.ts";
import { withoutImplied } from "../rules/alternatives.ts";
import { ago, anySql, filtersSql } from "../rules/comparison.ts";
import { comment } from "../rules/literal.ts";
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
import { columns, indent, withTables } from "../rules/text.ts";
import { choose } from "./choose.ts";
import { byKey, byPass, type CountedPattern, patternKey, patternWords } from "./patterns.ts";

/** A model that counts patterns of one table. */
export interface CountModel {
  readonly model: string;
  readonly kind: "shared" | "apart";
  readonly patterns: readonly CountedPattern[];
}

/** Postgres ends at 1,664 columns, and a person long before. */
export const columnsPerModel = 400;

/** Every pattern's model. Shared ones have a column per pattern, the others rows of (profile_id, pattern, times). */
export function countModels(
  counts: Iterable<CountedPattern>,
  daysOf: (span: Span) => number,
  split: typeof choose = choose,
): CountModel[] {
  const models: CountModel[] = [];
  const taken = new Set<string>();
  for (const patterns of byPass(counts).values()) {
    const table = patterns[0]?.event.model ?? "";
    // A table whose rows tell when they arrived is read whole once, and by its changes ever after: then all share that pass.
    const steady = patterns[0]?.event.arrived !== undefined;
    const { shared, apart } = steady ? { shared: patterns, apart: [] } : split(patterns, daysOf);
    for (let from = 0; from < shared.length; from += columnsPerModel) {
      models.push({
        model: named(table, "", taken),
        kind: "shared",
        patterns: shared.slice(from, from + columnsPerModel),
      });
    }
    if (apart.length > 0) models.push({ model: named(table, "_apart", taken), kind: "apart", patterns: apart });
  }
  return models;
}

/** Which model counts a pattern, by its name. */
export const countedBy = (models: readonly CountModel[]): ReadonlyMap<string, CountModel> =>
  new Map(models.flatMap((model) => model.patterns.map(({ name }) => [name, model])));

function named(table: string, suffix: string, taken: Set<string>): string {
  const short = shortName(`event_counts__${table.toLowerCase()}${suffix}`, longestName - 3);
  let name = short;
  for (let n = 2; taken.has(name); n++) name = `${short}_${n}`;
  taken.add(name);
  return name;
}

export function countModelSql(model: CountModel, keys: ProfileKeys): string {
  return model.kind === "shared" ? sharedSql(model, keys) : apartSql(model.patterns, keys);
}

/** The conditions of a pattern on one row of its table. */
export function patternConditions(
  { event, pattern }: Pick<CountedPattern, "event" | "pattern">,
  row: string,
  timeZone: string,
): string[] {
  const column = (name: string): string => `${row}.${name}`;
  return [
    ...filtersSql(event.where, column, timeZone),
    ...(pattern.within === undefined ? [] : [`${column(event.at)} >= ${ago(pattern.within, timeZone)}`]),
    ...filtersSql(pattern.where, column, timeZone),
  ];
}

/** null where every build counts everybody. */
export const steadyCounts = ({ kind, patterns }: CountModel, keys: ProfileKeys): Steady | null => {
  const event = patterns[0]?.event;
  if (kind !== "shared" || event === undefined) return null;
  const says = patterns.map(({ name, event: { where } }) => [name, where]);
  return steadyOf(
    event,
    patterns.map(({ event: { where }, pattern }) => ({ within: pattern.within, where: [...where, ...pattern.where] })),
    says,
    keys,
  );
};

function sharedSql(model: CountModel, keys: ProfileKeys): string {
  const { patterns } = model;
  const [first] = patterns;
  if (first === undefined) return "";
  const { event } = first;
  const read = new Set<string>();
  for (const { event, pattern } of patterns) {
    for (const { column } of [...event.where, ...pattern.where]) read.add(column);
    if (pattern.within !== undefined) read.add(event.at);
  }
  const select = [...read].map((name) => `source.${name}`);
  const steady = steadyCounts(model, keys);
  const filters = [...happened(event), ...longestWindow(patterns, keys.timeZone)];
  // Who shares a pass of another table is chosen by what passes cost without this.
  if (steady !== null) filters.push(...anyFits(patterns, keys.timeZone));
  const rows = rowsQuery(event, select, filters, keys);
  const counted = patterns.map((pattern) => {
    const conditions = patternConditions(pattern, "events", keys.timeZone);
    // Of a profile that is evaluated again and has no rows left, the outer join gives one row of nulls.
    const value =
      conditions.length === 0
        ? "count(events.profile_id)"
        : `count(case when ${conditions.join(" and ")} then events.profile_id end)`;
    return `-- ${comment(patternWords(pattern, keys.timeZone))}\n${value} as ${pattern.name}`;
  });
  const header = `-- ${comment(`How often each profile did what rules ask of ${event.model}, all in one pass.`)}`;
  if (steady === null) {
    const last = `select\n${columns(["profile_id", ...counted])}\nfrom events\ngroup by profile_id`;
    return `${header}\n${withTables([["events", rows]], last)}`;
  }
  return `${header}
${steadyNeeds(steady)}${lastEvaluation(steady)}with ${later(affectedTables(steady))}events as (

${indent(`${rows}${onlyAffected(steady)}`)}

)

select
${columns([`${later("affected.profile_id", "events.profile_id")} as profile_id`, ...counted, ...steadyColumns(steady)])}
from ${later("affected left join events on affected.profile_id = events.profile_id", "events")}
group by 1
`;
}

/** With more alternatives than these, asking them of every row may cost more than grouping those that fit none. */
const fewAlternatives = 8;

/** Rows that fit no pattern need not be grouped. */
function anyFits(patterns: readonly CountedPattern[], timeZone: string): string[] {
  const alternatives = withoutImplied(patterns.map(({ event, pattern }) => [...event.where, ...pattern.where]));
  if (alternatives.length > fewAlternatives) return [];
  const fits = anySql(alternatives, (name) => `source.${name}`, timeZone);
  return fits === null ? [] : [fits];
}

/** Rows older than every pattern's window need not be grouped. */
function longestWindow(patterns: readonly CountedPattern[], timeZone: string): string[] {
  const spans = patterns.map(({ pattern }) => pattern.within);
  if (spans.some((span) => span === undefined)) return [];
  const at = patterns[0]?.event.at ?? "";
  const longest = new Map<Span["unit"], Span>();
  for (const span of spans) {
    if (span !== undefined && span.count > (longest.get(span.unit)?.count ?? 0)) longest.set(span.unit, span);
  }
  const bounds = [...longest.values()].map((span) => ago(span, timeZone));
  return [`source.${at} >= ${bounds.length === 1 ? bounds.join("") : `least(${bounds.join(", ")})`}`];
}

/** One pattern's counts by itself: who did it, and how often. */
export const countOnePattern = (pattern: CountedPattern, keys: ProfileKeys): string => counted(pattern, [], keys);

function counted({ event, pattern }: CountedPattern, more: readonly string[], keys: ProfileKeys): string {
  const filters = [...happened(event), ...patternConditions({ event, pattern }, "source", keys.timeZone)];
  return `${rowsQuery(event, [...more, "count(*) as times"], filters, keys)}\ngroup by 1`;
}

function apartSql(patterns: readonly CountedPattern[], keys: ProfileKeys): string {
  const parts = patterns.toSorted(byKey).map((pattern) => {
    const words = comment(patternWords(pattern, keys.timeZone));
    return `-- ${words}\n${counted(pattern, [`'${patternKey(pattern.name)}' as pattern`], keys)}`;
  });
  const table = patterns[0]?.event.model ?? "";
  const header = `-- ${comment(`How often profiles did what few of them do in ${table}: a pass each, since each wants few rows.`)}`;
  return `${header}\n${parts.join("\n\nunion all\n\n")}\n`;
}
