import type { Declarations } from "../core/declared.ts";
import { comment } from "../rules/literal.ts";
import { changeModel } from "../rules/steady.ts";
import { columns, indent, ref, refCall, withTables } from "../rules/text.ts";
import { flagsOf } from "./flags-sql.ts";
import { definitionOf, flagsModel, membershipModel, profileTable } from "./names.ts";

/**
 * Who was in which segment from when until when, and why they entered and left. An interval is [entered_at, left_at); a build adds
 * those who entered since the last one and closes those who left, and touches nothing else.
 */
export function membershipSql(declared: Declarations): string {
  const definitions = flagsOf(declared.segments).map((group) => {
    const says = group.map(({ segment }) => `        "${segment.name}": "${definitionOf(segment)}"`);
    return `    "${group[0]?.column}": {\n${says.join(",\n")}\n    }`;
  });
  const flags = ref(flagsModel);
  const why = declared.excluded.map(
    ({ model, why }) => `when changes.profile_id in (select profile_id from ${ref(model)}) then '${why}'`,
  );
  const resolved = declared.golden !== null;
  // A profile is gone with its rows, unless identity has made it part of another.
  const merged = resolved
    ? [`when changes.profile_id in (select old_profile_id from ${ref("profile_alias")}) then 'identity'`]
    : [];
  const moved = resolved ? ["when changes.profile_id in (select profile_id from moved) then 'identity'"] : [];
  const leftWhy = [
    "case",
    ...[
      "when changes.is_member = 1 then null",
      ...why,
      ...merged,
      `when changes.profile_id not in (select profile_id from ${ref(profileTable)}) then 'deletion'`,
      "when changes.last_definition <> changes.definition then 'definition'",
      ...moved,
      "else 'rule'",
    ].map((line) => `    ${line}`),
    "end as left_why",
  ].join("\n");
  // Up to which build of the flags, and under which run of identity, a row was written: the next build reads what changed since.
  const read = `(select max(flags_build) from ${flags}) as flags_build`;
  const run = resolved ? [`(select max(run) from ${ref("identity_published")}) as identity_run`] : [];
  const timestamp = "{{ dbt.type_timestamp() }}";
  const text = "{{ dbt.type_string() }}";
  const later = [
    "select",
    columns([
      "changes.segment",
      "changes.profile_id",
      "coalesce(changes.entered_at, {{ millrace.as_of() }}) as entered_at",
      [
        "case",
        "    when changes.entered_at is not null then changes.entered_why",
        "    when redefined.segment is not null then 'definition'",
        ...moved.map((line) => indent(line)),
        "    else 'rule'",
        "end as entered_why",
      ].join("\n"),
      "case when changes.is_member = 0 then {{ millrace.as_of() }} end as left_at",
      leftWhy,
      "case when changes.is_member = 1 then changes.definition else changes.last_definition end as definition",
      read,
      ...run,
    ]),
    "from changes",
    "left join redefined on changes.segment = redefined.segment",
    "-- history does not run backwards: a build that stands at an earlier instant changes nothing",
    "where {{ millrace.as_of() }} >= (select known_at from latest)",
  ].join("\n");
  const first = [
    "select",
    columns([
      `cast(segment as ${text}) as segment`,
      "profile_id",
      "{{ millrace.as_of() }} as entered_at",
      `cast('rule' as ${text}) as entered_why`,
      `cast(null as ${timestamp}) as left_at`,
      `cast(null as ${text}) as left_why`,
      `cast(definition as ${text}) as definition`,
      read,
      ...run,
    ]),
    "from members",
  ].join("\n");
  const update = withTables(
    [
      ["changes", `{{ millrace.membership_changes(definitions, this, ${refCall(flagsModel)}) | indent(4) }}`],
      [
        "redefined",
        "-- every open stay of a segment that says something else now is among the changes\nselect distinct segment\nfrom changes\nwhere last_definition <> definition",
      ],
      [
        "latest",
        "select coalesce(max(coalesce(left_at, entered_at)), {{ millrace.as_of() }}) as known_at from {{ this }}",
      ],
      ...(resolved ? [["moved", movedProfiles] as const] : []),
    ],
    later,
  );
  const begin = withTables(
    [["members", `{{ millrace.current_members(definitions, ${refCall(flagsModel)}) | indent(4) }}`]],
    first,
  );
  // A full refresh would forget who was a member when: history is kept through it.
  const config =
    "{{ config(materialized='incremental', unique_key=['segment', 'profile_id', 'entered_at'], on_schema_change='append_new_columns', full_refresh=false) }}";
  // dbt sees only the branch it takes while it parses.
  const needs = [
    flagsModel,
    profileTable,
    ...(resolved ? ["profile_alias", changeModel] : []),
    ...declared.excluded.map(({ model }) => model),
  ].map((model) => `-- depends_on: ${ref(model)}`);
  const header = `-- ${comment("Who was in which segment from when until when, and why they entered and left.")}`;
  return [
    config,
    "",
    `{#- what each segment says, as a hash, in the order of its bit of ${flagsModel} -#}`,
    `{% set definitions = millrace.flag_definitions('{\n${definitions.join(",\n")}\n}') %}`,
    "",
    header,
    ...needs,
    `{% if is_incremental() %}`,
    update.trimEnd(),
    "{% else %}",
    begin.trimEnd(),
    "{% endif %}",
    "",
  ].join("\n");
}

/** Whose identifiers identity gave to another, took from another, or held back, since memberships last changed. */
const movedProfiles = [
  "select profile_id",
  `from ${ref(changeModel)}`,
  "where",
  "    change in ('merge', 'split', 'quarantine')",
  "    and run > (select coalesce(max({{ millrace.own_column('identity_run', '0') }}), 0) from {{ this }})",
].join("\n");

export const sizesSql = `-- The size of every segment after each build that changed it.
with changes as (

    select
        segment,
        entered_at as changed_at,
        1 as entered,
        0 as departed
    from ${ref(membershipModel)}

    union all

    select
        segment,
        left_at as changed_at,
        0 as entered,
        1 as departed
    from ${ref(membershipModel)}
    where left_at is not null

),

sums as (

    select
        segment,
        changed_at,
        sum(entered) as entered,
        sum(departed) as departed
    from changes
    group by segment, changed_at

)

select
    segment,
    changed_at,
    entered,
    departed,
    sum(entered - departed) over (
        partition by segment
        order by changed_at
        rows between unbounded preceding and current row
    ) as size
from sums
`;

export const overlapSql = `-- How many profiles are in both of any two segments now.
with current_members as (

    select
        segment,
        profile_id
    from ${ref(membershipModel)}
    where left_at is null

)

select
    one.segment as segment,
    other.segment as other_segment,
    count(*) as profiles
from current_members as one
inner join current_members as other
    on one.profile_id = other.profile_id
    and one.segment < other.segment
group by one.segment, other.segment
`;

export const flowsSql = `-- Who left one segment and entered another at the same time.
select
    departures.segment as from_segment,
    arrivals.segment as to_segment,
    arrivals.entered_at as moved_at,
    count(*) as profiles
from ${ref(membershipModel)} as departures
inner join ${ref(membershipModel)} as arrivals
    on departures.profile_id = arrivals.profile_id
    and departures.left_at = arrivals.entered_at
    and departures.segment <> arrivals.segment
group by departures.segment, arrivals.segment, arrivals.entered_at
`;

/** Moves between the stages of life-cycles; no stage before means that they are new to it, none after that they fell out of it. */
export function lifecycleFlowsSql(declared: Declarations): string {
  const stages = declared.lifecycles
    .flatMap(({ name, stages }) =>
      stages.map((stage, i) => `select '${name}' as lifecycle, '${stage}' as stage, ${i + 1} as place`),
    )
    .join("\nunion all\n");
  const memberships = (alias: string): string =>
    `select\n    stages.lifecycle,\n    memberships.segment as stage,\n    memberships.profile_id,\n    memberships.${alias} as moved_at\nfrom ${ref(membershipModel)} as memberships\ninner join stages on memberships.segment = stages.stage\nwhere memberships.${alias} is not null`;
  return `-- Who moved between the stages of a life-cycle, and when.
${withTables(
  [
    ["stages", stages],
    ["departures", memberships("left_at")],
    ["arrivals", memberships("entered_at")],
  ],
  [
    "select",
    "    coalesce(departures.lifecycle, arrivals.lifecycle) as lifecycle,",
    "    coalesce(departures.moved_at, arrivals.moved_at) as moved_at,",
    "    departures.stage as from_stage,",
    "    arrivals.stage as to_stage,",
    "    count(*) as profiles",
    "from departures",
    "full outer join arrivals",
    "    on departures.lifecycle = arrivals.lifecycle",
    "    and departures.profile_id = arrivals.profile_id",
    "    and departures.moved_at = arrivals.moved_at",
    "group by 1, 2, 3, 4",
  ].join("\n"),
)}`;
}
