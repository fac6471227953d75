{#- (id, strength) of the vertices looked at: 1 is strongest, a record is weaker than every identifier. -#}
{% macro identity_strengths(r) -%}
  select id, {{ millrace.identity_strength_of(r, 'ns') }} as strength from {{ r['vertex'] }}
{%- endmacro %}

{#- The strength of a namespace's number. -#}
{% macro identity_strength_of(r, ns) -%}
  case {{ ns }}{% for each in r['d']['namespaces'] %} when {{ each['ns'] }} then {{ each['strength'] }}{% endfor %} else 999 end
{%- endmacro %}
