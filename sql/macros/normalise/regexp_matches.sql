{#- Whether a regular expression is found in a text. -#}
{% macro regexp_matches(expression, pattern) -%}
  {{ return(adapter.dispatch('regexp_matches', 'millrace')(expression, pattern)) }}
{%- endmacro %}

{% macro default__regexp_matches(expression, pattern) -%}
  regexp_matches({{ expression }}, '{{ pattern }}')
{%- endmacro %}

{#- Postgres' function of that name returns the matches. -#}
{% macro postgres__regexp_matches(expression, pattern) -%}
  {{ expression }} ~ '{{ pattern }}'
{%- endmacro %}

{#- Snowflake's regexp_like and rlike want the whole text matched. -#}
{% macro snowflake__regexp_matches(expression, pattern) -%}
  regexp_instr({{ expression }}, '{{ pattern }}') > 0
{%- endmacro %}

{#- BigQuery's name for it. -#}
{% macro bigquery__regexp_matches(expression, pattern) -%}
  regexp_contains({{ expression }}, '{{ pattern }}')
{%- endmacro %}
