{#- What an engine must have before records can be compared; runs before the comparison. -#}
{% macro match_prepare() -%}
  {{ return(adapter.dispatch('match_prepare', 'millrace')()) }}
{%- endmacro %}

{% macro default__match_prepare() -%}
{%- endmacro %}

{#- Postgres has Levenshtein in an extension that every owner of a database may make (it is a trusted one). -#}
{% macro postgres__match_prepare() -%}
  create extension if not exists fuzzystrmatch
{%- endmacro %}
