{#-
  Weak edges join parts, but never two that are anchored (hold a verified or unique identifier): what hangs on several goes to the surest.
-#}
{% macro identity_attach_weak(r, part, tiers) -%}
  {%- set ns = [] -%}
  {%- for each in r['d']['namespaces'] if each['unique'] or each['verified'] -%}
    {%- do ns.append(each['ns']) -%}
  {%- endfor -%}
  {%- set attached = millrace.identity_attach(r, part, tiers, 'weak', ns, none) -%}
  {%- if attached['anchors'] is not none -%}
    {%- do r['found'].append(millrace.identity_scratch(r['here'], 'found_weak',
      "select 'weak_edge' as guard, id, 'weak edges would merge it with another anchored profile' as evidence from " ~ attached['anchors'], 'attach weak')) -%}
  {%- endif -%}
  {{ return(attached['part']) }}
{%- endmacro %}

{#-
  A bridge goes with one of the parts that it is seen with, and joins them to none of the others: a second address on one device may be the same person's
  or somebody else's of the household.
-#}
{% macro identity_attach_bridges(r, part, tiers) -%}
  {%- set ns = [] -%}
  {%- for each in r['d']['namespaces'] if each['limits'] | length == 0 -%}
    {%- do ns.append(each['ns']) -%}
  {%- endfor -%}
  {%- set attached = millrace.identity_attach(r, part, tiers, 'bridge', ns, 'part') -%}
  {%- if attached['anchors'] is not none -%}
    {%- set found %}
      select 'limited' as guard, ends.id, 'seen with what may be ' || cast(count(distinct n.label) as {{ dbt.type_string() }}) || ' people: it goes with one of them' as evidence
      from (
        select e.a as id, e.b as other from {{ tiers['all'] }} as e inner join {{ tiers['bridge'] }} as bridge on bridge.id = e.a where e.tier = 'bridge'
        union all
        select e.b as id, e.a as other from {{ tiers['all'] }} as e inner join {{ tiers['bridge'] }} as bridge on bridge.id = e.b where e.tier = 'bridge'
      ) as ends
      inner join {{ part }} as n on n.id = ends.other
      inner join (select distinct id from {{ attached['anchors'] }}) as a on a.id = n.label
      group by ends.id
      having count(distinct n.label) > 1
    {%- endset -%}
    {%- do r['found'].append(millrace.identity_scratch(r['here'], 'found_limited', found, 'attach bridge')) -%}
  {%- endif -%}
  {{ return(attached['part']) }}
{%- endmacro %}

{#-
  Joins parts by the edges of a tier, and never two that hold an identifier of `ns`. `contest`: parts between several anchors are contested, as
  identity_divide has it. Returns {'part', 'anchors' (working table (id, part, grp, name) of the anchored parts that were kept from each other, or none)}.
-#}
{% macro identity_attach(r, part, tiers, tier, ns, contest) -%}
  {%- set here = r['here'] -%}
  {%- set dictionary = millrace.identity_state(here, 'dictionary') -%}
  {%- set between %}
    select x.label as a, y.label as b, '' as rule, max(e.confidence) as confidence, max(e.last_seen) as last_seen, sum(e.observations) as observations
    from {{ tiers['all'] }} as e
    inner join {{ part }} as x on x.id = e.a
    inner join {{ part }} as y on y.id = e.b
    where e.tier = '{{ tier }}' and {{ millrace.identity_same('x.label', 'y.label') }} = 0
    group by x.label, y.label
  {%- endset -%}
  {%- set between = millrace.identity_scratch(here, 'between_' ~ tier, between, 'attach ' ~ tier) -%}
  {%- set joined = millrace.identity_components(here, between, 'joined_' ~ tier)['table'] -%}
  {%- set state = namespace(joined=joined, anchors=none) -%}
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
    {%- set anchors = millrace.identity_scratch_counted(here, tier ~ '_anchor', anchors, 'attach ' ~ tier) -%}
    {%- if anchors['rows'] > 0 -%}
      {%- set state.anchors = anchors['table'] -%}
      {%- set even = none if contest is none else 'select id, 1 as strength from ' ~ joined -%}
      {%- set state.joined = millrace.identity_divide(r, joined, between, anchors['table'], tier, even) -%}
    {%- endif -%}
  {%- endif -%}
  {%- set attached = millrace.identity_scratch(here, 'attached_' ~ tier,
    'select p.id, coalesce(j.label, p.label) as label from ' ~ part ~ ' as p left join ' ~ state.joined ~ ' as j on j.id = p.label', 'attach ' ~ tier) -%}
  {{ return({'part': attached, 'anchors': state.anchors}) }}
{%- endmacro %}
