{#-
  Whose membership differs from the open stays of a history table: a row per segment and profile that entered, left, or is in a segment
  whose definition became another.

  definitions: {segment: {says, column, bit}}, of every segment there is now. history: the table of stays. flags: `segment_flags`.
  Columns: segment, profile_id, definition (null: no such segment any more), is_member (1 or 0), and of the open stay, null if there was
  none: entered_at, entered_why, last_definition.
-#}
{% macro membership_changes(definitions, history, flags) -%}
  {%- set read = millrace.flags_read(history, flags) -%}
  {%- if read is none -%}
    {{ return(adapter.dispatch('membership_changes', 'millrace')(definitions, history, flags)) }}
  {%- endif -%}
  {{ return(millrace.default__membership_changes(definitions, history, flags, read)) }}
{%- endmacro %}

{#- read: none, or only of profiles whose flags changed after that build. -#}
{% macro default__membership_changes(definitions, history, flags, read=none) -%}
with profiles as (

    select * from {{ flags }}
    {%- if read is not none %}
    where flags_build > {{ read }}
    {%- endif %}

),

definitions as (

{%- for segment, definition in definitions.items() %}
    select
        '{{ segment }}' as segment,
        '{{ definition.says }}' as definition,
        '{{ definition.column }}' as flags,
        cast({{ definition.bit }} as bigint) as bit
    {%- if not loop.last %} union all{% endif %}
{%- endfor %}

),

members as (

    select
        definitions.segment,
        profiles.profile_id,
        definitions.definition
    from profiles
    cross join definitions
    where
    {%- for column in definitions.values() | map(attribute='column') | unique %}
        {%- if not loop.first %} or{% endif %}
        definitions.flags = '{{ column }}' and {{ millrace.has_flag('profiles.' ~ column, 'definitions.bit') }}
    {%- endfor %}

),

stays as (

    select
        segment,
        profile_id,
        entered_at,
        entered_why,
        definition
    from {{ history }}
    where
        left_at is null
        {%- if read is not none %}
        and profile_id in (select profile_id from profiles)
        {%- endif %}

)

select
    coalesce(members.segment, stays.segment) as segment,
    coalesce(members.profile_id, stays.profile_id) as profile_id,
    coalesce(members.definition, definitions.definition) as definition,
    case when members.segment is null then 0 else 1 end as is_member,
    stays.entered_at,
    stays.entered_why,
    stays.definition as last_definition
from members
full outer join stays
    on members.segment = stays.segment
    and members.profile_id = stays.profile_id
left join definitions on stays.segment = definitions.segment
where
    members.segment is null
    or stays.segment is null
    or members.definition <> stays.definition
{%- endmacro %}

{#-
  DuckDB: a join per segment, of one column, stays in the processor's cache, where one join of all members and all stays is several times
  their size. The stays of a definition lie together, so the others are not read; a definition's first characters differ, as those of
  names often do not.
-#}
{% macro duckdb__membership_changes(definitions, history, flags) -%}
with outdated_definitions as materialized (

    -- which definitions there are takes no time; holding every stay against a list takes more than all the rest
    select definition
    from (select distinct definition from {{ history }} where left_at is null) as known
    {%- if definitions %}
    where definition not in ('{{ definitions.values() | map(attribute='says') | unique | join("', '") }}')
    {%- endif %}

),

outdated as materialized (

    select *
    from {{ history }}
    where left_at is null and definition in (select definition from outdated_definitions)

)

{% for segment, definition in definitions.items() -%}
select
    '{{ segment }}' as segment,
    coalesce(members.profile_id, stays.profile_id) as profile_id,
    '{{ definition.says }}' as definition,
    case when members.profile_id is null then 0 else 1 end as is_member,
    stays.entered_at,
    stays.entered_why,
    stays.definition as last_definition
from (
    select profile_id
    from {{ flags }}
    where {{ millrace.has_flag(definition.column, definition.bit) }}
) as members
full outer join (
    select profile_id, entered_at, entered_why, definition
    from {{ history }}
    where definition = '{{ definition.says }}' and segment = '{{ segment }}' and left_at is null
    union all
    select profile_id, entered_at, entered_why, definition from outdated where segment = '{{ segment }}'
) as stays on members.profile_id = stays.profile_id
where
    members.profile_id is null
    or stays.profile_id is null
    or stays.definition <> '{{ definition.says }}'

union all

{% endfor -%}
-- segments that are no more
select
    segment,
    profile_id,
    null as definition,
    0 as is_member,
    entered_at,
    entered_why,
    definition as last_definition
from outdated
{%- if definitions %}
where segment not in ('{{ definitions.keys() | join("', '") }}')
{%- endif %}
{%- endmacro %}
