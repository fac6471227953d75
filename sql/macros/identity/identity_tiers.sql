{#-
  Live edges by what they may do. `strong` joins; `weak` (less sure than `strong_from`) attaches and never joins two parts that hold a verified or unique
  identifier; an edge of a bridge, an identifier of a limited namespace (it may be shared) with several neighbours, attaches and never joins two parts that
  hold an identifier of any other namespace. What people decided always joins. Returns {'all', 'strong' (relations), 'bridge' (working table (id), or none),
  'weak' (are there any)}; `all` has a column tier where it is another relation than `live`.
-#}
{% macro identity_tiers(r, live) -%}
  {%- set here = r['here'] -%}
  {%- set strong_from = r['d']['guards']['strong_from'] -%}
  {%- set shared = [] -%}
  {%- for each in r['d']['namespaces'] if each['limits'] | length > 0 and r['d']['guards']['limited'] == 'attach' -%}
    {%- do shared.append(each['ns']) -%}
  {%- endfor -%}
  {%- set tiers = {'all': live, 'strong': live, 'bridge': none, 'weak': false} -%}
  {%- if shared | length > 0 and shared | length < r['d']['namespaces'] | length -%}
    {%- set bridges %}
      select id
      from (
        select e.a as id, e.b as other from {{ live }} as e inner join {{ r['vertex'] }} as v on v.id = e.a where v.ns in ({{ shared | join(', ') }})
        union all
        select e.b as id, e.a as other from {{ live }} as e inner join {{ r['vertex'] }} as v on v.id = e.b where v.ns in ({{ shared | join(', ') }})
      ) as ends
      group by id
      having min(other) < max(other)
    {%- endset -%}
    {%- set bridge = millrace.identity_scratch_counted(here, 'bridge', bridges, 'tiers') -%}
    {%- do tiers.update({'bridge': bridge['table'] if bridge['rows'] > 0 else none}) -%}
  {%- endif -%}
  {%- if strong_from is not none -%}
    {%- do tiers.update({'weak': millrace.identity_count('select count(*) from ' ~ live ~ ' where confidence < ' ~ strong_from) > 0}) -%}
  {%- endif -%}
  {%- if tiers['bridge'] is none and not tiers['weak'] -%}
    {{ return(tiers) }}
  {%- endif -%}
  {%- set told %}
    select e.a, e.b, e.kind, e.rule, e.source, e.confidence, e.last_seen, e.observations,
      case
        when e.rule = 'must_link' then 'strong'
        {%- if tiers['bridge'] is not none %}
        when x.id is not null or y.id is not null then 'bridge'
        {%- endif %}
        {%- if tiers['weak'] %}
        when e.confidence < {{ strong_from }} then 'weak'
        {%- endif %}
        else 'strong'
      end as tier
    from {{ live }} as e
    {%- if tiers['bridge'] is not none %}
    left join {{ tiers['bridge'] }} as x on x.id = e.a
    left join {{ tiers['bridge'] }} as y on y.id = e.b
    {%- endif %}
  {%- endset -%}
  {%- do tiers.update({'all': millrace.identity_scratch(here, 'tiered', told, 'tiers')}) -%}
  {%- do tiers.update({'strong': millrace.identity_scratch(here, 'strong', 'select * from ' ~ tiers['all'] ~ " where tier = 'strong'", 'tiers')}) -%}
  {{ return(tiers) }}
{%- endmacro %}
