import { createHash } from "node:crypto";
import type { Filter, RowSource, Span } from "../core/declared.ts";
import { type Alternatives, withoutImplied } from "./alternatives.ts";
import { anySql, isRelative, jinjaCall, quoted } from "./comparison.ts";
import { type ProfileKeys, profileColumn, rowSource } from "./rows.ts";
import { indent, ref, refCall } from "./text.ts";

/**
 * A model of one row per profile that a later build need not make anew: it evaluates those profiles again whose rows arrived, came due
 * or crossed the edge of a window since the last build, or whom identity gave other rows, and keeps the others' rows.
 */
export interface Steady {
  readonly source: RowSource & { readonly at: string; readonly arrived: string };
  /** The windows that something of the model looks at. */
  readonly windows: readonly Window[];
  readonly definition: string;
  readonly keys: ProfileKeys;
}

/** A window back from the run's instant, and which of its rows something looks at: those that all of one of the lists fits. */
interface Window {
  readonly span: Span;
  readonly where: Alternatives;
}

/** What something of a model looks at: rows that fit, within a time if one is named. */
export interface Look {
  readonly within?: Span | undefined;
  readonly where: readonly Filter[];
}

/** Whom identity changed, run by run; and the run that its tables show. */
export const changeModel = "profile_change";
const published = "identity_published";

/** null: every build makes the model anew. Rows must tell when they arrived, and fit a filter today if they did yesterday. */
export function steadyOf(source: RowSource, looks: readonly Look[], says: unknown, keys: ProfileKeys): Steady | null {
  const { at, arrived, profile } = source;
  if (at === undefined || arrived === undefined) return null;
  if (looks.some(({ where }) => where.some(isRelative))) return null;
  const windows = new Map<string, Window>();
  for (const { within, where } of looks) {
    if (within === undefined) continue;
    const key = `${within.count} ${within.unit}`;
    windows.set(key, { span: within, where: [...(windows.get(key)?.where ?? []), where] });
  }
  const leadsTo = keys.identity === "none" ? null : keys.identifier(profile.namespace, profile.column);
  const definition = createHash("sha256")
    .update(JSON.stringify([says, keys.timeZone, leadsTo]))
    .digest("hex")
    .slice(0, 12);
  return { source: { ...source, at, arrived }, windows: [...windows.values()], definition, keys };
}

export const steadySettings =
  "materialized='incremental', unique_key='profile_id', on_schema_change='sync_all_columns'";
export const steadyConfig = `{{ config(${steadySettings}) }}`;

/** dbt sees only the branch it takes while it parses: what the other one needs stands in a comment. */
export const steadyNeeds = ({ keys }: Steady): string =>
  keys.identity === "none" ? "" : `-- depends_on: ${ref(changeModel)}\n`;

/** Rows may be committed so long after the time they bear as their arrival. */
const lateHours = 6;

/** The tables `changed` and `affected`, for a build after the first, with what they ask of the last one while dbt renders. */
export function affectedTables(steady: Steady): string {
  const tables = [
    ["changed", changedRows(steady)],
    ["affected", affectedProfiles(steady)],
  ] as const;
  return tables.map(([name, query]) => `${name} as (\n\n${indent(query)}\n\n),\n\n`).join("");
}

/** Asks, in a build after the first, what the last one did: `last` of the macros. */
export function lastEvaluation({ definition, keys }: Steady): string {
  const pointer = keys.identity === "resolved" ? `, ${refCall(published)}` : "";
  return later(`{% set last = millrace.last_evaluation('${definition}'${pointer}) %}\n`);
}

function changedRows({ source, windows, keys: { timeZone } }: Steady): string {
  const at = quoted(`source.${source.at}`);
  const conditions = [
    `millrace.since_last(${quoted(`source.${source.arrived}`)}, last, ${lateHours})`,
    `millrace.since_last(${at}, last) ~ ${jinjaCall(` and source.${source.at} < {{ millrace.as_of() }}`)}`,
    ...windows.map(({ span, where }) => {
      const edge = `millrace.crossed_edge(${at}, ${span.count}, '${span.unit}', '${timeZone}', last)`;
      const fits = anySql(withoutImplied(where), (name) => `source.${name}`, timeZone);
      return fits === null ? edge : `${edge} ~ ${jinjaCall(` and ${fits}`)}`;
    }),
  ];
  return [
    "-- whose rows arrived, came due, or left a window since the last build; after one of another definition, everybody's",
    `{{ millrace.changed_rows(${refCall(source.model)}, '${source.profile.column}', last, [`,
    conditions.map((condition) => `    ${condition}`).join(",\n"),
    "]) | indent(4) }}",
  ].join("\n");
}

function affectedProfiles({ source, keys }: Steady): string {
  const more = (words: string, rows: readonly string[]): string[] => ["", "union all", "", `-- ${words}`, ...rows];
  const lines = [
    `select ${profileColumn(source, keys)} as profile_id`,
    `from ${rowSource(source, keys, "changed")}`,
    ...(keys.identity === "none"
      ? []
      : more("whom identity gave other rows, or took some from", [
          "select profile_id",
          `from ${ref(changeModel)}`,
          "where run > {{ last.identity_run }}",
        ])),
    "{%- if last.everybody %}",
    ...more("whoever has no rows any more keeps none", ["select profile_id", "from {{ this }}"]),
    "{%- endif %}",
  ];
  return `select {{ millrace.affected_once(last) }}\nfrom (\n\n${indent(lines.join("\n"))}\n\n) as profiles`;
}

/** What a later build reads: rows of those profiles only. */
export const onlyAffected = ({ source, keys }: Steady): string =>
  later(`\n    and ${profileColumn(source, keys)} in (select profile_id from affected)`);

/** Columns by which the next build knows what this one did. */
export const steadyColumns = ({ definition, keys }: Steady): string[] => [
  "{{ millrace.as_of() }} as evaluated_at",
  `'${definition}' as definition`,
  ...(keys.identity === "resolved" ? [`(select max(run) from ${ref(published)}) as identity_run`] : []),
];

/** Jinja that stands only in a build after the first; `else`: in the first. */
export const later = (text: string, otherwise = ""): string =>
  `{% if is_incremental() %}${text}${otherwise === "" ? "" : `{% else %}${otherwise}`}{% endif %}`;
