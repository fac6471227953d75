{#- Numbers from 1, in any order: what is numbered has no order of its own. -#}
{% macro identity_numbered(by) -%}
  {{ return(adapter.dispatch('identity_numbered', 'millrace')(by)) }}
{%- endmacro %}

{% macro default__identity_numbered(by) -%}
  row_number() over (order by {{ by }})
{%- endmacro %}

{#- Sorting a million texts to number them would be half of what a first run costs. -#}
{% macro duckdb__identity_numbered(by) -%}
  row_number() over ()
{%- endmacro %}

{% macro postgres__identity_numbered(by) -%}
  row_number() over ()
{%- endmacro %}
