{#-
  Whose membership differs from the open stays of a history table: a row per segment and profile that entered, left, or is in a segment
  whose definition became another.

  definitions: {segment: definition}, of every segment there is now. history: the table of stays.
  Columns: segment, profile_id, definition (null: no such segment any more), is_member (1 or 0), and of the open stay, null if there was
  none: entered_at, entered_why, last_definition.
-#}
{% macro membership_changes(definitions, history) -%}
  {{ return(adapter.dispatch('membership_changes', 'millrace')(definitions, history)) }}
{%- endmacro %}

{% macro default__membership_changes(definitions, history) -%}
with members as (

{{ millrace.current_members(definitions) | indent(4, true) }}

),

definitions as (

{%- for segment, definition in definitions.items() %}
    select '{{ segment }}' as segment, '{{ definition }}' as definition
    {%- if not loop.last %} union all{% endif %}
{%- endfor %}

),

stays as (

    select * from {{ history }} where left_at is null

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
{% macro duckdb__membership_changes(definitions, history) -%}
with outdated_definitions as materialized (

    -- which definitions there are takes no time; holding every stay against a list takes more than all the rest
    select definition
    from (select distinct definition from {{ history }} where left_at is null) as known
    {%- if definitions %}
    where definition not in ('{{ definitions.values() | unique | join("', '") }}')
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
    '{{ definition }}' as definition,
    case when members.profile_id is null then 0 else 1 end as is_member,
    stays.entered_at,
    stays.entered_why,
    stays.definition as last_definition
from (select profile_id from {{ ref(segment) }}) as members
full outer join (
    select profile_id, entered_at, entered_why, definition
    from {{ history }}
    where definition = '{{ definition }}' and segment = '{{ segment }}' and left_at is null
    union all
    select profile_id, entered_at, entered_why, definition from outdated where segment = '{{ segment }}'
) as stays on members.profile_id = stays.profile_id
where
    members.profile_id is null
    or stays.profile_id is null
    or stays.definition <> '{{ definition }}'

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
