{#-
  Connected components: makes a working table (id, label), where label is the least id of the component, for every id of
  `edges` (a, b: integers) or, where given, of `vertices` (id). The labels are the same in every run. Returns
  {'table', 'rounds'}. `known`: how many edges there are, where the caller knows.

  Each round hooks every vertex to its least smaller neighbour, follows these pointers three at a time, and contracts the edges. Pointers
  only ever lead to smaller ids, so they make a forest. A map holds only what moved: who is missing in it stays. A round that kept more than
  60 % of the edges shows ids in an order that stalls (a path numbered along its way): from then on chains are cut (`identity_hook`), and where
  cutting stalls too, one round jumps to the roots. The rounds' maps are composed once at the end, from the last. Without
  `distinct` after contracting, hubs cost tenfold. See ADR 0060.
-#}
{% macro identity_components(schema_of, edges, into, vertices=none, known=none) -%}
  {{ return(adapter.dispatch('identity_components', 'millrace')(schema_of, edges, into, vertices, known)) }}
{%- endmacro %}

{% macro default__identity_components(schema_of, edges, into, vertices=none, known=none) -%}
  {%- set state = namespace(edges=edges, before=known, done=false, maps=[], how='plain') -%}
  {%- set scratch = into ~ '_cc' -%}
  {%- if known is none -%}
    {%- set state.before = millrace.identity_count('select count(*) from ' ~ edges ~ ' where a <> b') -%}
  {%- endif -%}
  {%- for round in range(200) if not state.done -%}
    {%- if state.before == 0 -%}
      {%- set state.done = true -%}
    {%- else -%}
      {%- set map = millrace.identity_hook(schema_of, state.edges, scratch ~ '_map' ~ round, 'cut' if state.how == 'cut' else 'whole') -%}
      {%- if state.how == 'roots' -%}
        {%- set map = millrace.identity_jump_to_roots(schema_of, map, scratch, round) -%}
      {%- endif -%}
      {%- do state.maps.append(map) -%}
      {%- set contracted %}
        select distinct
          case when a_rep < b_rep then a_rep else b_rep end as a,
          case when a_rep < b_rep then b_rep else a_rep end as b
        from (
          select coalesce(x.rep, e.a) as a_rep, coalesce(y.rep, e.b) as b_rep
          from {{ state.edges }} as e
          left join {{ map }} as x on x.id = e.a
          left join {{ map }} as y on y.id = e.b
        ) as moved
        where a_rep <> b_rep
      {%- endset -%}
      {%- set made = millrace.identity_scratch_counted(schema_of, scratch ~ '_e' ~ (round % 2), contracted, 'contract') -%}
      {%- set state.edges = made['table'] -%}
      {%- if made['rows'] > 0.6 * state.before -%}
        {%- set state.how = {'plain': 'cut', 'cut': 'roots', 'roots': 'plain'}[state.how] -%}
      {%- elif state.how == 'roots' -%}
        {%- set state.how = 'plain' -%}
      {%- endif -%}
      {%- set state.before = made['rows'] -%}
    {%- endif -%}
  {%- endfor -%}
  {%- if not state.done and state.before > 0 -%}
    {%- do exceptions.raise_compiler_error('connected components did not end after 200 rounds') -%}
  {%- endif -%}
  {%- set of = vertices if vertices is not none else '(select a as id from ' ~ edges ~ ' union distinct select b as id from ' ~ edges ~ ')' -%}
  {%- set table = millrace.identity_scratch(schema_of, into, millrace.identity_compose(state.maps, of), 'compose') -%}
  {%- for map in state.maps -%}
    {%- do millrace.identity_scratch_drop(map) -%}
  {%- endfor -%}
  {{ return({'table': table, 'rounds': state.maps | length}) }}
{%- endmacro %}

{#-
  (id, rep): every vertex with a smaller neighbour, and where three pointers lead. Pointers are edges, so however many are followed, what was connected is.

  `cut` first takes away the pointers at which a chain's colours do not rise, after Cole and Vishkin (Deterministic coin tossing, 1986): a vertex's colour is the lowest
  base-4 digit in which it differs from what it points to. What is left of a chain numbered along its way are pieces of four, and three pointers
  reach their roots, where to reach the whole chain's takes a dozen passes over all of it.
-#}
{% macro identity_hook(schema_of, edges, name, how) -%}
  {%- set query %}
    with hooked as (
      select case when a < b then b else a end as id, min(case when a < b then a else b end) as rep
      from {{ edges }}
      where a <> b
      group by 1
    ){%- if how == 'cut' %},
    coloured as (
      select id, rep, {{ millrace.identity_colour('id', 'rep') }} as colour from hooked
    ),
    pointer as (
      select c.id, c.rep
      from coloured as c
      left join coloured as further on further.id = c.rep
      where further.id is null or c.colour > further.colour
    )
    {%- endif %}
    {%- set pointer = 'pointer' if how == 'cut' else 'hooked' %}
    select p.id, coalesce(third.rep, further.rep, p.rep) as rep
    from {{ pointer }} as p
    left join {{ pointer }} as further on further.id = p.rep
    left join {{ pointer }} as third on third.id = further.rep
  {%- endset -%}
  {{ return(millrace.identity_scratch(schema_of, name, query, how ~ ' hook')) }}
{%- endmacro %}

{#- Position and value of the lowest base-4 digit in which two ids differ, as one number; of ids that agree in twelve digits the id. -#}
{% macro identity_colour(id, rep) -%}
  case
    {%- for digits in range(1, 13) %}
    when mod({{ id }}, {{ 4 ** digits }}) <> mod({{ rep }}, {{ 4 ** digits }}) then mod({{ id }}, {{ 4 ** digits }}) + {{ 2 * 4 ** digits }}
    {%- endfor %}
    else {{ id }} + {{ 4 ** 14 }}
  end
{%- endmacro %}

{#- Follows the pointers, three more at a time, until every one is at its root: a map holds no root, so who finds nothing has arrived. -#}
{% macro identity_jump_to_roots(schema_of, map, scratch, round) -%}
  {%- set state = namespace(map=map, done=false) -%}
  {%- for pass in range(64) if not state.done -%}
    {%- set query %}
      select m.id, coalesce(third.rep, further.rep, m.rep) as rep
      from {{ state.map }} as m
      left join {{ state.map }} as further on further.id = m.rep
      left join {{ state.map }} as third on third.id = further.rep
    {%- endset -%}
    {%- set next = millrace.identity_scratch(schema_of, scratch ~ '_jump' ~ round ~ '_' ~ pass, query, 'jump') -%}
    {%- set open = millrace.identity_count('select count(*) from ' ~ next ~ ' as n inner join ' ~ next ~ ' as further on further.id = n.rep') -%}
    {%- do millrace.identity_scratch_drop(state.map) -%}
    {%- set state.map = next -%}
    {%- set state.done = open == 0 -%}
  {%- endfor -%}
  {{ return(state.map) }}
{%- endmacro %}

{#-
  The label of every vertex. From the last round back: where a round's map leads, and for who it does not move, where the later ones do.
  So each map is read once, at its own size, and only the first one and the sum of the others for all vertices.
-#}
{% macro identity_compose(maps, vertices) -%}
  {%- if maps | length == 0 -%}
    select id, id as label from {{ vertices }} as v
  {%- elif maps | length == 1 -%}
    select v.id, coalesce(m.rep, v.id) as label from {{ vertices }} as v left join {{ maps[0] }} as m on m.id = v.id
  {%- else -%}
    {%- set last = maps | length - 1 -%}
    with from{{ last }} as (
      select id, rep from {{ maps[last] }}
    )
    {%- for round in range(last - 1, 0, -1) %},
    from{{ round }} as (
      select m.id, coalesce(later.rep, m.rep) as rep
      from {{ maps[round] }} as m
      left join from{{ round + 1 }} as later on later.id = m.rep
      union all
      select later.id, later.rep
      from from{{ round + 1 }} as later
      left join {{ maps[round] }} as m on m.id = later.id
      where m.id is null
    )
    {%- endfor %}
    select v.id, coalesce(later.rep, m.rep, v.id) as label
    from {{ vertices }} as v
    left join {{ maps[0] }} as m on m.id = v.id
    left join from1 as later on later.id = coalesce(m.rep, v.id)
  {%- endif -%}
{%- endmacro %}
