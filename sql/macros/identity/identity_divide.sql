{#-
  Divides conflicted parts among their anchors: every other member goes to the anchor it hangs on best. `anchors`: id, part, grp (anchors of one group
  stay together), name (a text that breaks ties, the same in every run). Grows outwards from the anchors, one edge at a time, along the best edge: the
  surest, then the most recent, then the most often seen. Returns a working table like `part` (id, label).

  `contest`, where given, is a query (id, strength; 1 is strongest) of the members. One with an edge to another anchor's side, to an identifier as strong as
  itself or stronger, is contested (the device of a family): it goes to one anchor like the others, and is no reason for anything behind it to go there
  too, unless a decision says so. What hangs on contested members alone is nobody's: its parts stand for themselves.
-#}
{% macro identity_divide(r, part, edges, anchors, name, contest=none) -%}
  {%- set here = r['here'] -%}
  {%- set weaker = 'case when sx.strength >= sy.strength then 1 else 0 end' if contest is not none else '0' -%}
  {%- set stronger = 'case when sy.strength >= sx.strength then 1 else 0 end' if contest is not none else '0' -%}
  {%- set decided = "case when e.rule = 'must_link' then 1 else 0 end" if contest is not none else '0' -%}
  {%- if contest is not none -%}
    {%- set contest = millrace.identity_scratch(here, name ~ '_contest', contest, 'divide') -%}
    {%- set strengths = 'inner join ' ~ contest ~ ' as sx on sx.id = e.a inner join ' ~ contest ~ ' as sy on sy.id = e.b' -%}
  {%- endif -%}
  {%- set inner_edges %}
    with parts as (select distinct part from {{ anchors }}),
    members as (select p.id, p.label from {{ part }} as p inner join parts as c on c.part = p.label)
    select e.a as id, e.b as other, e.confidence, e.last_seen, e.observations, {{ weaker }} as yields, {{ decided }} as decided
    from {{ edges }} as e inner join members as x on x.id = e.a inner join members as y on y.id = e.b {{ strengths }}
    where {{ millrace.identity_same('x.label', 'y.label') }} = 1
    union all
    select e.b as id, e.a as other, e.confidence, e.last_seen, e.observations, {{ stronger }} as yields, {{ decided }} as decided
    from {{ edges }} as e inner join members as x on x.id = e.a inner join members as y on y.id = e.b {{ strengths }}
    where {{ millrace.identity_same('x.label', 'y.label') }} = 1
  {%- endset -%}
  {%- set near = millrace.identity_scratch(here, name ~ '_near', inner_edges, 'divide') -%}
  {%- set state = namespace(given=millrace.identity_grow(r, near, anchors, name, none), contested=none, done=contest is none) -%}
  {#- Without what leant on a contested member others may meet at other edges: again, until no member is newly contested. -#}
  {%- for pass in range(20) if not state.done -%}
    {%- set found = millrace.identity_contested(r, near, state, name ~ '_contested' ~ (pass % 2)) -%}
    {%- if found is none -%}
      {%- set state.done = true -%}
    {%- else -%}
      {%- set state.contested = found -%}
      {%- set state.given = millrace.identity_grow(r, near, anchors, name, found) -%}
    {%- endif -%}
  {%- endfor -%}
  {%- set loose = none -%}
  {%- if state.contested is not none -%}
    {%- set without %}
      select n.id as a, n.other as b
      from {{ near }} as n
      left join {{ state.given }} as x on x.id = n.id
      left join {{ state.given }} as y on y.id = n.other
      where x.id is null and y.id is null
    {%- endset -%}
    {%- set without = millrace.identity_scratch(here, name ~ '_without', without, 'divide') -%}
    {%- set left_over = 'select distinct n.id from ' ~ near ~ ' as n left join ' ~ state.given ~ ' as g on g.id = n.id where g.id is null' -%}
    {%- set left_over = millrace.identity_scratch(here, name ~ '_left', left_over, 'divide') -%}
    {%- set loose = millrace.identity_components(here, without, name ~ '_loose', left_over)['table'] -%}
  {%- endif -%}
  {%- set divided %}
    with labels as (select grp, min(id) as label from {{ state.given }} group by grp)
    select p.id, coalesce(l.label{{ ', o.label' if loose is not none }}, p.label) as label
    from {{ part }} as p
    left join {{ state.given }} as g on g.id = p.id
    left join labels as l on l.grp = g.grp
    {%- if loose is not none %}
    left join {{ loose }} as o on o.id = p.id
    {%- endif %}
  {%- endset -%}
  {{ return(millrace.identity_scratch(here, name ~ '_divided', divided, 'divide')) }}
{%- endmacro %}

{#- (id, grp, name, step): who is reached from the anchors, and in which step; not through what is contested. -#}
{% macro identity_grow(r, near, anchors, name, contested) -%}
  {%- set here = r['here'] -%}
  {%- set state = namespace(given=millrace.identity_scratch(here, name ~ '_given0', 'select id, grp, name, 0 as step from ' ~ anchors, 'divide'), done=false) -%}
  {%- for step in range(1, 1000) if not state.done -%}
    {%- set reached %}
      with ways as (
        select n.id, g.grp, g.name,
          row_number() over (partition by n.id order by n.confidence desc, case when n.last_seen is null then 1 else 0 end, n.last_seen desc, n.observations desc, g.name) as place
        from {{ near }} as n
        inner join {{ state.given }} as g on g.id = n.other
        left join {{ state.given }} as own on own.id = n.id
        {%- if contested is not none %}
        left join {{ contested }} as c on c.id = n.other
        {%- endif %}
        where own.id is null{{ ' and (c.id is null or n.decided = 1)' if contested is not none }}
      )
      select id, grp, name, {{ step }} as step from ways where place = 1
    {%- endset -%}
    {%- set reached = millrace.identity_scratch_counted(here, name ~ '_reached', reached, 'divide') -%}
    {%- if reached['rows'] == 0 -%}
      {%- set state.done = true -%}
    {%- else -%}
      {%- set state.given = millrace.identity_scratch(here, name ~ '_given' ~ (step % 2),
        'select id, grp, name, step from ' ~ state.given ~ ' union all select id, grp, name, step from ' ~ reached['table'], 'divide') -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return(state.given) }}
{%- endmacro %}

{#- A working table (id) of the contested members, those known before included; none where nothing more leans on a newly found one. -#}
{% macro identity_contested(r, near, state, name) -%}
  {%- set here = r['here'] -%}
  {%- set query %}
    select n.id
    from {{ near }} as n
    inner join {{ state.given }} as x on x.id = n.id
    inner join {{ state.given }} as y on y.id = n.other
    where n.yields = 1 and x.step > 0 and {{ millrace.identity_same('x.grp', 'y.grp') }} = 0
    {%- if state.contested is not none %}
    union distinct select id from {{ state.contested }}
    {%- else %}
    group by n.id
    {%- endif %}
  {%- endset -%}
  {%- set contested = millrace.identity_scratch_counted(here, name, query, 'divide') -%}
  {%- if contested['rows'] == 0 -%}
    {{ return(none) }}
  {%- endif -%}
  {#- Who was reached in the step after a contested neighbour. -#}
  {%- set leaning = millrace.identity_count('select count(*) from ' ~ near ~ ' as n inner join ' ~ contested['table'] ~ ' as c on c.id = n.other inner join '
    ~ state.given ~ ' as x on x.id = n.id inner join ' ~ state.given ~ ' as y on y.id = n.other where ' ~ millrace.identity_same('x.step', 'y.step + 1') ~ ' = 1'
    ~ (' and c.id not in (select id from ' ~ state.contested ~ ')' if state.contested is not none)) -%}
  {{ return(contested['table'] if leaning > 0 else none) }}
{%- endmacro %}
