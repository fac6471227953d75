{#-
  Unique namespaces, the strongest first: a part with two values of one is divided among them. Values that a decision links count as one.
-#}
{% macro identity_keep_unique(r, part, edges) -%}
  {%- set dictionary = millrace.identity_state(r['here'], 'dictionary') -%}
  {%- set state = namespace(part=part, bound=none) -%}
  {%- for each in r['d']['namespaces'] if each['unique'] -%}
    {%- set several %}
      select p.label as part
      from {{ state.part }} as p
      inner join {{ r['vertex'] }} as v on v.id = p.id
      where v.ns = {{ each['ns'] }}
      group by p.label
      having count(*) > 1
    {%- endset -%}
    {%- set several = millrace.identity_scratch_counted(r['here'], 'several' ~ each['ns'], several, 'keep unique') -%}
    {%- if several['rows'] > 0 -%}
      {%- if state.bound is none -%}
        {%- set must = millrace.identity_scratch(r['here'], 'must', 'select a, b from ' ~ r['live'] ~ " where rule = 'must_link'", 'keep unique') -%}
        {%- set state.bound = millrace.identity_components(r['here'], must, 'bound')['table'] -%}
      {%- endif -%}
      {%- set anchors %}
        with anchor as (
          select p.id, p.label as part, coalesce(m.label, p.id) as grp, d.namespace || ' ' || d.value as own_name
          from {{ state.part }} as p
          inner join {{ several['table'] }} as s on s.part = p.label
          inner join {{ r['vertex'] }} as v on v.id = p.id and v.ns = {{ each['ns'] }}
          inner join {{ dictionary }} as d on d.code = p.id
          left join {{ state.bound }} as m on m.id = p.id
        ),
        groups as (select part, grp, min(own_name) as name from anchor group by part, grp),
        conflicts as (select part, count(*) as people from groups group by part having count(*) > 1)
        select a.id, a.part, a.grp, g.name, c.people
        from anchor as a
        inner join groups as g on g.part = a.part and g.grp = a.grp
        inner join conflicts as c on c.part = a.part
      {%- endset -%}
      {%- set anchors = millrace.identity_scratch_counted(r['here'], 'unique' ~ each['ns'], anchors, 'keep unique') -%}
      {%- if anchors['rows'] > 0 -%}
        {%- do r['found'].append(millrace.identity_scratch(r['here'], 'found_unique' ~ each['ns'],
          "select 'unique_" ~ each['name'] ~ "' as guard, id, 'one of ' || cast(people as " ~ dbt.type_string() ~ ") || ' values of " ~ each['name'] ~ " that edges join' as evidence from " ~ anchors['table'], 'keep unique')) -%}
        {%- set state.part = millrace.identity_divide(r, state.part, edges, anchors['table'], 'unique' ~ each['ns'], millrace.identity_strengths(r)) -%}
      {%- endif -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return(state.part) }}
{%- endmacro %}
