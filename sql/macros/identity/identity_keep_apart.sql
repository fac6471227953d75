{#-
  Decisions that two identifiers are two people: a part that holds both is divided between them, one decision of a part after the other.
-#}
{% macro identity_keep_apart(r, part, edges, pass) -%}
  {%- set edge = millrace.identity_state(r['here'], 'state_edge') -%}
  {%- set dictionary = millrace.identity_state(r['here'], 'dictionary') -%}
  {%- set state = namespace(part=part, done=false) -%}
  {%- if millrace.identity_count('select count(*) from ' ~ edge ~ " where to_run is null and rule = 'cannot_link'") == 0 -%}
    {{ return(part) }}
  {%- endif -%}
  {%- for step in range(50) if not state.done -%}
    {%- set broken %}
      select x.label as part, min(e.first_seen) as decided
      from {{ edge }} as e
      inner join {{ state.part }} as x on x.id = e.a
      inner join {{ state.part }} as y on y.id = e.b
      where e.to_run is null and e.rule = 'cannot_link' and {{ millrace.identity_same('x.label', 'y.label') }} = 1
      group by x.label
    {%- endset -%}
    {%- set name = 'apart' ~ pass ~ '_' ~ step -%}
    {%- set broken = millrace.identity_scratch_counted(r['here'], name, broken, 'keep apart') -%}
    {%- if broken['rows'] == 0 -%}
      {%- set state.done = true -%}
    {%- else -%}
      {%- set anchors %}
        with named as (
          select e.a, e.b, x.label as part, dx.namespace || ' ' || dx.value as a_name, dy.namespace || ' ' || dy.value as b_name
          from {{ edge }} as e
          inner join {{ state.part }} as x on x.id = e.a
          inner join {{ state.part }} as y on y.id = e.b
          inner join {{ dictionary }} as dx on dx.code = e.a
          inner join {{ dictionary }} as dy on dy.code = e.b
          where e.to_run is null and e.rule = 'cannot_link' and {{ millrace.identity_same('x.label', 'y.label') }} = 1
        ),
        ordered as (
          select a, b, part, a_name, b_name,
            row_number() over (partition by part order by
              case when a_name < b_name then a_name else b_name end, case when a_name < b_name then b_name else a_name end) as place
          from named
        )
        select a as id, part, a as grp, a_name as name from ordered where place = 1
        union all
        select b as id, part, b as grp, b_name as name from ordered where place = 1
      {%- endset -%}
      {%- set anchors = millrace.identity_scratch(r['here'], name ~ '_anchor', anchors, 'keep apart') -%}
      {%- do r['found'].append(millrace.identity_scratch(r['here'], name ~ '_found',
        "select 'cannot_link' as guard, id, 'a decision keeps it from another identifier of its cluster' as evidence from " ~ anchors, 'keep apart')) -%}
      {%- set state.part = millrace.identity_divide(r, state.part, edges, anchors, name, millrace.identity_strengths(r)) -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return(state.part) }}
{%- endmacro %}
