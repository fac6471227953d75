{#-
  Divides conflicted parts among their anchors: every other member goes to the anchor it hangs on best. `anchors`: id, part, grp (anchors of one group
  stay together), name (a text that breaks ties, the same in every run). Grows outwards from the anchors, one edge at a time, along the best edge: the
  surest, then the most recent, then the most often seen. Returns a working table like `part` (id, label).
-#}
{% macro identity_divide(r, part, edges, anchors, name) -%}
  {%- set here = r['here'] -%}
  {%- set inner_edges %}
    with parts as (select distinct part from {{ anchors }}),
    members as (select p.id, p.label from {{ part }} as p inner join parts as c on c.part = p.label)
    select e.a as id, e.b as other, e.confidence, e.last_seen, e.observations
    from {{ edges }} as e inner join members as x on x.id = e.a inner join members as y on y.id = e.b
    where {{ millrace.identity_same('x.label', 'y.label') }} = 1
    union all
    select e.b as id, e.a as other, e.confidence, e.last_seen, e.observations
    from {{ edges }} as e inner join members as x on x.id = e.a inner join members as y on y.id = e.b
    where {{ millrace.identity_same('x.label', 'y.label') }} = 1
  {%- endset -%}
  {%- set near = millrace.identity_scratch(here, name ~ '_near', inner_edges, 'divide') -%}
  {%- set given = millrace.identity_scratch(here, name ~ '_given0', 'select id, grp, name from ' ~ anchors, 'divide') -%}
  {%- set state = namespace(given=given, done=false) -%}
  {%- for step in range(1, 1000) if not state.done -%}
    {%- set reached %}
      with ways as (
        select n.id, g.grp, g.name,
          row_number() over (partition by n.id order by n.confidence desc, case when n.last_seen is null then 1 else 0 end, n.last_seen desc, n.observations desc, g.name) as place
        from {{ near }} as n
        inner join {{ state.given }} as g on g.id = n.other
        left join {{ state.given }} as own on own.id = n.id
        where own.id is null
      )
      select id, grp, name from ways where place = 1
    {%- endset -%}
    {%- set reached = millrace.identity_scratch_counted(here, name ~ '_reached', reached, 'divide') -%}
    {%- if reached['rows'] == 0 -%}
      {%- set state.done = true -%}
    {%- else -%}
      {%- set state.given = millrace.identity_scratch(here, name ~ '_given' ~ (step % 2),
        'select id, grp, name from ' ~ state.given ~ ' union all select id, grp, name from ' ~ reached['table'], 'divide') -%}
    {%- endif -%}
  {%- endfor -%}
  {%- set divided %}
    with labels as (select grp, min(id) as label from {{ state.given }} group by grp)
    select p.id, coalesce(l.label, p.label) as label
    from {{ part }} as p
    left join {{ state.given }} as g on g.id = p.id
    left join labels as l on l.grp = g.grp
  {%- endset -%}
  {{ return(millrace.identity_scratch(here, name ~ '_divided', divided, 'divide')) }}
{%- endmacro %}
