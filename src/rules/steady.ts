import { createHash } from "node:crypto";
import type { RowSource, Span } from "../core/declared.ts";
import { ago } from "./comparison.ts";
import type { ProfileKeys } from "./rows.ts";
import { indent, ref } from "./text.ts";

/**
 * A model of one row per profile that a later build need not make anew: it evaluates those profiles again whose rows arrived, came due
 * or crossed the edge of a window since the last build, and keeps the others' rows.
 */
export interface Steady {
  readonly source: RowSource & { readonly at: string; readonly arrived: string };
  /** The windows that something of the model looks at. */
  readonly windows: readonly Span[];
  readonly definition: string;
}

/**
 * null: every build makes the model anew. Rows must tell when they arrived; and under identity an event may change hands without
 * arriving again, which nothing tells yet.
 */
export function steadyOf(source: RowSource, windows: readonly Span[], says: unknown, keys: ProfileKeys): Steady | null {
  const { at, arrived } = source;
  if (at === undefined || arrived === undefined || keys.identity === "resolved") return null;
  const once = new Map(windows.map((span) => [`${span.count} ${span.unit}`, span]));
  const definition = createHash("sha256")
    .update(JSON.stringify([says, keys.timeZone]))
    .digest("hex")
    .slice(0, 12);
  return { source: { ...source, at, arrived }, windows: [...once.values()], definition };
}

export const steadyConfig =
  "{{ config(materialized='incremental', unique_key='profile_id', on_schema_change='sync_all_columns') }}";

/** Rows may be committed so long after the time they bear as their arrival. */
const lateHours = 6;

/** The tables `last_time` and `affected`, for a build after the first. */
export function affectedTables(
  { source, windows, definition }: Steady,
  timeZone: string,
): (readonly [string, string])[] {
  const last = "(select evaluated_at from last_time)";
  const at = `source.${source.at}`;
  const edges = windows.map(
    (span) =>
      `or (${at} >= {{ millrace.edge_before(${span.count}, '${span.unit}', '${timeZone}', "${last}") }} and ${at} < ${ago(span, timeZone)})`,
  );
  const conditions = [
    `source.${source.arrived} >= {{ dbt.dateadd("hour", -${lateHours}, "${last}") }}`,
    `or (${at} >= ${last} and ${at} < {{ millrace.as_of() }})`,
    ...edges,
    "-- a build at an earlier instant, or of another definition, evaluates everybody",
    `or {{ millrace.as_of() }} < ${last}`,
    `or (select definition from last_time) <> '${definition}'`,
  ];
  const column = `source.${source.profile.column}`;
  return [
    [
      "last_time",
      [
        "select",
        "    coalesce(max(evaluated_at), cast('1900-01-01' as {{ dbt.type_timestamp() }})) as evaluated_at,",
        "    coalesce(max(case when evaluated_at = (select max(evaluated_at) from {{ this }}) then definition end), '') as definition",
        "from {{ this }}",
      ].join("\n"),
    ],
    [
      "affected",
      `select distinct ${column} as profile_id\nfrom ${ref(source.model)} as source\nwhere\n    ${column} is not null\n    and (\n${indent(conditions.join("\n"), 8)}\n    )`,
    ],
  ];
}

/** Columns by which the next build knows what this one did. */
export const steadyColumns = ({ definition }: Steady): string[] => [
  "{{ millrace.as_of() }} as evaluated_at",
  `'${definition}' as definition`,
];

/** Jinja that stands only in a build after the first. */
export const later = (text: string): string => `{% if is_incremental() %}${text}{% endif %}`;
