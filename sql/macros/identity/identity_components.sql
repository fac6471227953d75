{#-
  Connected components: makes a working table (id, label), where label is the least id of the component, for every id of
  `edges` (a, b: integers) and, where given, of `vertices` (id). The labels are the same in every run. Returns
  {'table', 'rounds', 'edges'}.

  Each round hooks every vertex to the least of its closed neighbourhood, jumps once along these pointers in the same
  statement, and contracts the edges. Pointers only ever lead to smaller ids, so they make a forest. A round that kept more
  than 60 % of the edges shows ids in an order that stalls (a path numbered along its way): then the next one jumps to the
  roots. The rounds' maps are kept and composed once at the end. Without `distinct` after contracting, hubs cost tenfold.
-#}
{% macro identity_components(schema_of, edges, into, vertices=none) -%}
  {{ return(adapter.dispatch('identity_components', 'millrace')(schema_of, edges, into, vertices)) }}
{%- endmacro %}

{% macro default__identity_components(schema_of, edges, into, vertices=none) -%}
  {%- set state = namespace(edges=edges, kept=none, before=none, done=false, maps=[], jump=false) -%}
  {%- set scratch = into ~ '_cc' -%}
  {%- set state.before = millrace.identity_count('select count(*) from ' ~ edges ~ ' where a <> b') -%}
  {%- set first = state.before -%}
  {%- for round in range(200) if not state.done -%}
    {%- if state.before == 0 -%}
      {%- set state.done = true -%}
    {%- else -%}
      {%- set map = millrace.identity_hook(schema_of, state.edges, scratch ~ '_map' ~ round) -%}
      {%- if state.jump -%}
        {%- set map = millrace.identity_jump_to_roots(schema_of, map, scratch, round) -%}
      {%- endif -%}
      {%- do state.maps.append(map) -%}
      {%- set contracted %}
        select distinct
          case when x.rep < y.rep then x.rep else y.rep end as a,
          case when x.rep < y.rep then y.rep else x.rep end as b
        from {{ state.edges }} as e
        inner join {{ map }} as x on x.id = e.a
        inner join {{ map }} as y on y.id = e.b
        where {{ millrace.identity_same('x.rep', 'y.rep') }} = 0
      {%- endset -%}
      {%- set made = millrace.identity_scratch_counted(schema_of, scratch ~ '_e' ~ (round % 2), contracted, 'contract') -%}
      {%- set state.edges = made['table'] -%}
      {%- set state.jump = made['rows'] > 0.6 * state.before -%}
      {%- set state.before = made['rows'] -%}
    {%- endif -%}
  {%- endfor -%}
  {%- if not state.done and state.before > 0 -%}
    {%- do exceptions.raise_compiler_error('connected components did not end after 200 rounds') -%}
  {%- endif -%}
  {%- set table = millrace.identity_scratch(schema_of, into, millrace.identity_compose(state.maps, vertices), 'compose') -%}
  {%- for map in state.maps -%}
    {%- do millrace.identity_scratch_drop(map) -%}
  {%- endfor -%}
  {{ return({'table': table, 'rounds': state.maps | length, 'edges': first}) }}
{%- endmacro %}

{#- (id, rep): the least of the closed neighbourhood, and then once along the pointer. -#}
{% macro identity_hook(schema_of, edges, name) -%}
  {%- set query %}
    with near as (
      select id, min(other) as least_other
      from (
        select a as id, b as other from {{ edges }} where a <> b
        union all
        select b as id, a as other from {{ edges }} where a <> b
      ) as ends
      group by id
    ),
    hooked as (
      select id, case when least_other < id then least_other else id end as rep
      from near
    )
    select h.id, further.rep
    from hooked as h
    inner join hooked as further on further.id = h.rep
  {%- endset -%}
  {{ return(millrace.identity_scratch(schema_of, name, query, 'hook')) }}
{%- endmacro %}

{#- Follows the pointers, three at a time, until every one is at its root. -#}
{% macro identity_jump_to_roots(schema_of, map, scratch, round) -%}
  {%- set state = namespace(map=map, done=false) -%}
  {%- for pass in range(64) if not state.done -%}
    {%- set query %}
      select m.id, third.rep
      from {{ state.map }} as m
      inner join {{ state.map }} as further on further.id = m.rep
      inner join {{ state.map }} as third on third.id = further.rep
    {%- endset -%}
    {%- set next = millrace.identity_scratch(schema_of, scratch ~ '_jump' ~ round ~ '_' ~ pass, query, 'jump') -%}
    {%- set open = millrace.identity_count(
      'select count(*) from ' ~ next ~ ' as n inner join ' ~ next ~ ' as further on further.id = n.rep where further.rep <> n.rep'
    ) -%}
    {%- do millrace.identity_scratch_drop(state.map) -%}
    {%- set state.map = next -%}
    {%- set state.done = open == 0 -%}
  {%- endfor -%}
  {{ return(state.map) }}
{%- endmacro %}

{#- The rounds' maps, one after the other. Later ones know fewer ids: who is missing there has arrived. -#}
{% macro identity_compose(maps, vertices) -%}
  {%- if maps | length == 0 -%}
    {%- if vertices is none -%}
      select cast(null as {{ dbt.type_bigint() }}) as id, cast(null as {{ dbt.type_bigint() }}) as label where 1 = 0
    {%- else -%}
      select id, id as label from {{ vertices }}
    {%- endif -%}
  {%- else -%}
    {%- set reached = namespace(at='m0.rep') -%}
    {%- set joins = [] -%}
    {%- for map in maps[1:] -%}
      {%- do joins.append('left join ' ~ map ~ ' as m' ~ loop.index ~ ' on m' ~ loop.index ~ '.id = ' ~ reached.at) -%}
      {%- set reached.at = 'coalesce(m' ~ loop.index ~ '.rep, ' ~ reached.at ~ ')' -%}
    {%- endfor -%}
    {%- if vertices is none %}
      select m0.id, {{ reached.at }} as label
      from {{ maps[0] }} as m0
    {%- else %}
      select v.id, coalesce({{ reached.at }}, v.id) as label
      from {{ vertices }} as v
      left join {{ maps[0] }} as m0 on m0.id = v.id
    {%- endif %}
      {{ joins | join('\n      ') }}
  {%- endif -%}
{%- endmacro %}
