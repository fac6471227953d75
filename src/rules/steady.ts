import { createHash } from "node:crypto";
import type { RowSource, Span } from "../core/declared.ts";
import { ago } from "./comparison.ts";
import { type ProfileKeys, profileColumn, rowSource } from "./rows.ts";
import { indent, ref } from "./text.ts";

/**
 * A model of one row per profile that a later build need not make anew: it evaluates those profiles again whose rows arrived, came due
 * or crossed the edge of a window since the last build, or whom identity gave other rows, and keeps the others' rows.
 */
export interface Steady {
  readonly source: RowSource & { readonly at: string; readonly arrived: string };
  /** The windows that something of the model looks at. */
  readonly windows: readonly Span[];
  readonly definition: string;
  readonly keys: ProfileKeys;
}

/** Whom identity changed, run by run; and the run that its tables show. */
export const changeModel = "profile_change";
const publishedRun = `(select max(run) from ${ref("identity_published")})`;

/** null: every build makes the model anew. Rows must tell when they arrived. */
export function steadyOf(source: RowSource, windows: readonly Span[], says: unknown, keys: ProfileKeys): Steady | null {
  const { at, arrived, profile } = source;
  if (at === undefined || arrived === undefined) return null;
  const once = new Map(windows.map((span) => [`${span.count} ${span.unit}`, span]));
  const leadsTo = keys.identity === "none" ? null : keys.identifier(profile.namespace, profile.column);
  const definition = createHash("sha256")
    .update(JSON.stringify([says, keys.timeZone, leadsTo]))
    .digest("hex")
    .slice(0, 12);
  return { source: { ...source, at, arrived }, windows: [...once.values()], definition, keys };
}

export const steadyConfig =
  "{{ config(materialized='incremental', unique_key='profile_id', on_schema_change='sync_all_columns') }}";

/** dbt sees only the branch it takes while it parses: what the other one needs stands in a comment. */
export const steadyNeeds = ({ keys }: Steady): string =>
  keys.identity === "none" ? "" : `-- depends_on: ${ref(changeModel)}\n`;

/** Rows may be committed so long after the time they bear as their arrival. */
const lateHours = 6;

/** The tables `last_time` and `affected`, for a build after the first. */
export function affectedTables({ source, windows, definition, keys }: Steady): (readonly [string, string])[] {
  const resolved = keys.identity === "resolved";
  const last = "(select evaluated_at from last_time)";
  const at = `source.${source.at}`;
  const edges = windows.map(
    (span) =>
      `or (${at} >= {{ millrace.edge_before(${span.count}, '${span.unit}', '${keys.timeZone}', "${last}") }} and ${at} < ${ago(span, keys.timeZone)})`,
  );
  const everybody = [
    `{{ millrace.as_of() }} < ${last}`,
    `(select definition from last_time) <> '${definition}'`,
    ...(resolved ? [`${publishedRun} < (select identity_run from last_time)`] : []),
  ];
  const conditions = [
    `source.${source.arrived} >= {{ millrace.instant_plus(-${lateHours}, "hour", "${last}") }}`,
    `or (${at} >= ${last} and ${at} < {{ millrace.as_of() }})`,
    ...edges,
    "-- a build at an earlier instant, or of another definition, evaluates everybody",
    ...everybody.map((each) => `or ${each}`),
  ];
  const known = resolved ? [] : [`${profileColumn(source, keys)} is not null`, "and "];
  const changed = [
    `select ${profileColumn(source, keys)} as profile_id`,
    `from ${rowSource(source, keys)}`,
    "where",
    `    ${known.join("\n    ")}(`,
    `${indent(conditions.join("\n"), 8)}`,
    "    )",
    "",
    "union all",
    "",
    "-- whoever has no rows any more keeps none",
    "select profile_id",
    "from {{ this }}",
    `where\n    ${everybody.join("\n    or ")}`,
  ];
  const moved = [
    "",
    "union all",
    "",
    "-- whom identity gave other rows, or took some from",
    "select profile_id",
    `from ${ref(changeModel)}`,
    "where run > (select identity_run from last_time)",
  ];
  const latest = (column: string): string =>
    `max(case when evaluated_at = (select max(evaluated_at) from {{ this }}) then ${column} end)`;
  return [
    [
      "last_time",
      [
        "select",
        "    coalesce(max(evaluated_at), cast('1900-01-01' as {{ dbt.type_timestamp() }})) as evaluated_at,",
        ...(resolved
          ? [`    coalesce(${latest("{{ millrace.own_column('identity_run', '0') }}")}, 0) as identity_run,`]
          : []),
        `    coalesce(${latest("definition")}, '') as definition`,
        "from {{ this }}",
      ].join("\n"),
    ],
    [
      "affected",
      `select distinct profile_id\nfrom (\n\n${indent([...changed, ...(resolved ? moved : [])].join("\n"))}\n\n) as profiles`,
    ],
  ];
}

/** What a later build reads: rows of those profiles only. */
export const onlyAffected = ({ source, keys }: Steady): string =>
  later(`\n    and ${profileColumn(source, keys)} in (select profile_id from affected)`);

/** Columns by which the next build knows what this one did. */
export const steadyColumns = ({ definition, keys }: Steady): string[] => [
  "{{ millrace.as_of() }} as evaluated_at",
  `'${definition}' as definition`,
  ...(keys.identity === "resolved" ? [`${publishedRun} as identity_run`] : []),
];

/** Jinja that stands only in a build after the first; `else`: in the first. */
export const later = (text: string, otherwise = ""): string =>
  `{% if is_incremental() %}${text}${otherwise === "" ? "" : `{% else %}${otherwise}`}{% endif %}`;
