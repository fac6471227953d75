{#-
  What happened to profiles, and the edge or guard that caused it: a merge by an edge of this run between the two, a split by an edge that this run closed
  or a guard cut, the first by name.
-#}
{% macro identity_put_lineage(r, lineage, edge) -%}
  {%- set here = r['here'] -%}
  {%- set dictionary = millrace.identity_state(here, 'dictionary') -%}
  {%- set events %}
    select profile_id, 'create' as event, cast(null as {{ dbt.type_string() }}) as other_profile_id
    from {{ r['moved_profiles'] }} where old_status is null
    union all
    -- a profile merged long ago that only follows the one it was merged into has no merge of its own
    select p.profile_id, 'merge', p.current_id
    from {{ r['moved_profiles'] }} as p
    left join {{ r['moved_profiles'] }} as via on via.profile_id = p.old_current_id and via.status = 'merged' and via.current_id = p.current_id
    where p.status = 'merged' and p.old_status is not null
      and (p.old_status <> 'merged' or (p.old_current_id <> p.current_id and via.profile_id is null))
    union all
    select profile_id, 'erase', null
    from {{ r['moved_profiles'] }} where status = 'erased' and old_status <> 'erased'
    union all
    select distinct n.profile_id, 'split', n.old_profile_id
    from {{ r['next'] }} as n
    where n.cause = 'split' and n.old_profile_id <> n.profile_id
  {%- endset -%}
  {%- set events = millrace.identity_scratch_counted(here, 'events', events, 'lineage') -%}
  {%- set told = 'cast(null as ' ~ dbt.type_string() ~ ')' -%}
  {%- if millrace.identity_count('select count(*) from ' ~ events['table'] ~ " where event in ('merge', 'split')") > 0 -%}
    {#- (profile, other) → the least text of an edge between their identifiers. -#}
    {%- set causes %}
      with sides as (
        select code, profile_id as now_id, coalesce(old_profile_id, profile_id) as was_id from {{ r['next'] }}
      ),
      {#- What linked the affected is at hand; of all edges only this run's are read, and decisions that part. #}
      known as (
        select a, b, rule, source from {{ r['live'] }}
        union all
        select a, b, rule, source from {{ edge }} where from_run = {{ r['run'] }}
        union all
        select a, b, rule, source from {{ edge }} where to_run = {{ r['run'] }}
        union all
        select a, b, rule, source from {{ edge }} where to_run is null and active = 1 and rule = 'cannot_link'
      ),
      edges as (
        select a, b, rule, source from known where a in (select code from sides where now_id <> was_id)
        union all
        select b, a, rule, source from known where b in (select code from sides where now_id <> was_id)
      )
      select e.event, e.profile_id, e.other_profile_id, min(x.rule || ' of ' || x.source || ': ' || da.namespace || ' – ' || db.namespace) as cause
      from (
        select event, profile_id, other_profile_id,
          case when event = 'merge' then profile_id else other_profile_id end as was_id,
          case when event = 'merge' then other_profile_id else profile_id end as now_id
        from {{ events['table'] }}
      ) as e
      inner join sides as s on s.was_id = e.was_id and s.now_id = e.now_id
      inner join edges as x on x.a = s.code
      inner join sides as t on t.code = x.b
      inner join {{ dictionary }} as da on da.code = x.a
      inner join {{ dictionary }} as db on db.code = x.b
      where case
        when e.event = 'merge' and t.was_id <> s.was_id and t.now_id = s.now_id then 1
        when e.event = 'split' and t.was_id = s.was_id and t.now_id <> s.now_id then 1
        else 0
      end = 1
      group by e.event, e.profile_id, e.other_profile_id
    {%- endset -%}
    {%- set causes = millrace.identity_scratch(here, 'causes', causes, 'lineage') -%}
    {%- set events_told %}
      select e.profile_id, e.event, e.other_profile_id, coalesce(c.cause, case when e.event in ('merge', 'split') then 'a guard' end) as cause
      from {{ events['table'] }} as e
      left join {{ causes }} as c on c.event = e.event and c.profile_id = e.profile_id and c.other_profile_id = e.other_profile_id
    {%- endset -%}
  {%- else -%}
    {%- set events_told = 'select profile_id, event, other_profile_id, ' ~ told ~ ' as cause from ' ~ events['table'] -%}
  {%- endif -%}
  {%- do millrace.identity_step('open lineage', 'insert into ' ~ lineage ~ ' (profile_id, event, other_profile_id, cause, from_run, to_run) select profile_id, event, other_profile_id, cause, '
    ~ r['run'] ~ ', null from (' ~ events_told ~ ') as told') -%}
{%- endmacro %}
