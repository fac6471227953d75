{#-
  Size caps. A part of more than `max_cluster` identifiers (a record counts where it has none), or one in which matching joined more than `recut_above`
  records, is cut again: its edges below a stricter threshold go, three quarters of the remaining doubt at a time. What is still over `max_cluster` is quarantined,
  and with it the pieces cut from it that would take a profile of the last good assignment apart; whole profiles that the cut set free again, and newcomers, live on.
  Sets r['quarantine'] to a working table (part), or none.
-#}
{% macro identity_cap_size(r, part, edges) -%}
  {%- set here = r['here'] -%}
  {%- set cap = r['d']['guards']['max_cluster'] -%}
  {%- set recut = r['d']['matching']['recut_above'] if r['d']['matching'] else none -%}
  {%- set doubt = 1 - (r['d']['matching']['threshold'] if r['d']['matching'] else 0.5) -%}
  {%- do r.update({'quarantine': none}) -%}
  {%- set state = namespace(part=part, done=cap is none and recut is none) -%}
  {%- for step in range(1, 9) if not state.done -%}
    {%- set over = millrace.identity_scratch_counted(here, 'over' ~ step, millrace.identity_oversized(r, state.part, edges, cap, recut), 'cap size') -%}
    {%- set uncertain = 0 if over['rows'] == 0 else millrace.identity_count('select count(*) from ' ~ edges ~ ' as e inner join ' ~ state.part
      ~ ' as p on p.id = e.a inner join ' ~ over['table'] ~ ' as o on o.part = p.label where e.confidence < 1') -%}
    {%- if uncertain == 0 -%}
      {%- set state.done = true -%}
    {%- else -%}
      {%- set kept %}
        select e.a, e.b
        from {{ edges }} as e
        inner join {{ state.part }} as x on x.id = e.a
        inner join {{ state.part }} as y on y.id = e.b
        inner join {{ over['table'] }} as o on o.part = x.label
        where {{ millrace.identity_same('x.label', 'y.label') }} = 1 and e.confidence >= {{ 1 - doubt / (4 ** step) if step < 8 else 1 }}
      {%- endset -%}
      {%- set kept = millrace.identity_scratch(here, 'recut_edges', kept, 'cap size') -%}
      {%- set members = millrace.identity_scratch(here, 'recut_members',
        'select p.id from ' ~ state.part ~ ' as p inner join ' ~ over['table'] ~ ' as o on o.part = p.label', 'cap size') -%}
      {%- set again = millrace.identity_components(here, kept, 'recut', members)['table'] -%}
      {%- set state.part = millrace.identity_scratch(here, 'recut_part' ~ step,
        'select p.id, coalesce(g.label, p.label) as label from ' ~ state.part ~ ' as p left join ' ~ again ~ ' as g on g.id = p.id', 'cap size') -%}
    {%- endif -%}
  {%- endfor -%}
  {%- if cap is not none -%}
    {%- set still = millrace.identity_scratch_counted(here, 'quarantine', millrace.identity_oversized(r, state.part, edges, cap, none), 'cap size') -%}
    {%- if still['rows'] > 0 -%}
      {%- do r.update({'quarantine': millrace.identity_with_torn(r, part, state.part, still['table'])}) -%}
      {%- do r['found'].append(millrace.identity_scratch(here, 'found_size',
        "select 'max_cluster' as guard, part as id, 'quarantined: ' || cast(size as " ~ dbt.type_string() ~ ") || ' identifiers, limit " ~ cap ~ "' as evidence from " ~ still['table'], 'cap size')) -%}
    {%- endif -%}
  {%- endif -%}
  {{ return(state.part) }}
{%- endmacro %}

{#- A working table (part): what is over the cap, and the pieces of the same cluster with a member of a profile that another piece has members of, too. -#}
{% macro identity_with_torn(r, whole, part, over) -%}
  {%- if r['prev'] == 0 -%}
    {{ return(over) }}
  {%- endif -%}
  {%- set pieces %}
    with clusters as (
      select distinct w.label from {{ over }} as o inner join {{ part }} as p on p.label = o.part inner join {{ whole }} as w on w.id = p.id
    ),
    members as (
      select p.label as part, c.profile_id
      from {{ part }} as p
      inner join {{ whole }} as w on w.id = p.id
      inner join clusters as k on k.label = w.label
      inner join {{ millrace.identity_state(r['here'], 'state_component') }} as c on c.code = p.id
      where c.to_run is null
    ),
    torn as (
      select profile_id from members group by profile_id having count(distinct part) > 1
    )
    select part from {{ over }}
    union distinct
    select m.part from members as m inner join torn as t on t.profile_id = m.profile_id
  {%- endset -%}
  {%- set held = millrace.identity_scratch(r['here'], 'held', pieces, 'cap size') -%}
  {%- do r['found'].append(millrace.identity_scratch(r['here'], 'found_torn',
    "select 'max_cluster' as guard, h.part as id, 'quarantined: cut from a cluster that is still over the limit' as evidence from " ~ held
    ~ ' as h left join ' ~ over ~ ' as o on o.part = h.part where o.part is null', 'cap size')) -%}
  {{ return(held) }}
{%- endmacro %}

{#- (part, size) of the parts over a cap. -#}
{% macro identity_oversized(r, part, edges, cap, recut) -%}
  {%- set queries = [] -%}
  {%- if cap is not none -%}
    {%- set by_size %}
      select p.label as part, sum(case when v.ns > 0 then 1 else 0 end) + case when sum(case when v.ns > 0 then 1 else 0 end) = 0 then count(*) else 0 end as size
      from {{ part }} as p
      inner join {{ r['vertex'] }} as v on v.id = p.id
      group by p.label
      having count(*) > {{ cap }}
        and sum(case when v.ns > 0 then 1 else 0 end) + case when sum(case when v.ns > 0 then 1 else 0 end) = 0 then count(*) else 0 end > {{ cap }}
    {%- endset -%}
    {%- do queries.append(by_size) -%}
  {%- endif -%}
  {%- if recut is not none -%}
    {%- set by_records %}
      select p.label as part, count(distinct m.id) as size
      from (
        select a as id from {{ edges }} where kind = 'match'
        union all
        select b as id from {{ edges }} where kind = 'match'
      ) as m
      inner join {{ part }} as p on p.id = m.id
      group by p.label
      having count(distinct m.id) > {{ recut }}
    {%- endset -%}
    {%- do queries.append(by_records) -%}
  {%- endif -%}
  select part, max(size) as size from ({{ queries | join(' union all ') }}) as over_caps group by part
{%- endmacro %}
