{#- Does a regular expression find something in a text? Both arguments are SQL. -#}
{% macro text_matches(expression, pattern) -%}
  {{ return(adapter.dispatch('text_matches', 'millrace')(expression, pattern)) }}
{%- endmacro %}

{% macro default__text_matches(expression, pattern) -%}
  regexp_matches({{ expression }}, {{ pattern }})
{%- endmacro %}

{#- Postgres: regexp_matches returns rows there. -#}
{% macro postgres__text_matches(expression, pattern) -%}
  {{ expression }} ~ {{ pattern }}
{%- endmacro %}

{#- Snowflake: REGEXP_LIKE must match the whole text. -#}
{% macro snowflake__text_matches(expression, pattern) -%}
  regexp_instr({{ expression }}, {{ pattern }}) > 0
{%- endmacro %}

{#- BigQuery's name for it. -#}
{% macro bigquery__text_matches(expression, pattern) -%}
  regexp_contains({{ expression }}, {{ pattern }})
{%- endmacro %}
