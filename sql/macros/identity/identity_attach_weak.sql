{#-
  Weak edges join parts, but never two that are anchored (hold a verified or unique identifier): what hangs on several goes to the surest.
-#}
{% macro identity_attach_weak(r, part, strong_from) -%}
  {%- set here = r['here'] -%}
  {%- set dictionary = millrace.identity_state(here, 'dictionary') -%}
  {%- set weak %}
    select x.label as a, y.label as b, max(e.confidence) as confidence, max(e.last_seen) as last_seen, sum(e.observations) as observations
    from {{ r['live'] }} as e
    inner join {{ part }} as x on x.id = e.a
    inner join {{ part }} as y on y.id = e.b
    where e.confidence < {{ strong_from }} and {{ millrace.identity_same('x.label', 'y.label') }} = 0
    group by x.label, y.label
  {%- endset -%}
  {%- set weak = millrace.identity_scratch(here, 'weak', weak, 'attach weak') -%}
  {%- set joined = millrace.identity_components(here, weak, 'joined')['table'] -%}
  {%- set ns = [] -%}
  {%- for each in r['d']['namespaces'] if each['unique'] or each['verified'] -%}
    {%- do ns.append(each['ns']) -%}
  {%- endfor -%}
  {%- set state = namespace(joined=joined) -%}
  {%- if ns | length > 0 -%}
    {%- set anchors %}
      with anchored as (
        select p.label as id, min(d.namespace || ' ' || d.value) as name
        from {{ part }} as p
        inner join {{ r['vertex'] }} as v on v.id = p.id
        inner join {{ joined }} as j on j.id = p.label
        inner join {{ dictionary }} as d on d.code = p.id
        where v.ns in ({{ ns | join(', ') }})
        group by p.label
      ),
      conflicts as (
        select j.label from {{ joined }} as j inner join anchored as a on a.id = j.id group by j.label having count(*) > 1
      )
      select a.id, j.label as part, a.id as grp, a.name
      from anchored as a
      inner join {{ joined }} as j on j.id = a.id
      inner join conflicts as c on c.label = j.label
    {%- endset -%}
    {%- set anchors = millrace.identity_scratch_counted(here, 'weak_anchor', anchors, 'attach weak') -%}
    {%- if anchors['rows'] > 0 -%}
      {%- do r['found'].append(millrace.identity_scratch(here, 'found_weak',
        "select 'weak_edge' as guard, id, 'weak edges would merge it with another anchored profile' as evidence from " ~ anchors['table'], 'attach weak')) -%}
      {%- set state.joined = millrace.identity_divide(r, joined, weak, anchors['table'], 'weak') -%}
    {%- endif -%}
  {%- endif -%}
  {{ return(millrace.identity_scratch(here, 'attached',
    'select p.id, coalesce(j.label, p.label) as label from ' ~ part ~ ' as p left join ' ~ state.joined ~ ' as j on j.id = p.label', 'attach weak')) }}
{%- endmacro %}
