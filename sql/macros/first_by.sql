{#- The value of the first row of a group in an order, among those that fulfil a condition. All arguments are SQL. -#}
{% macro first_by(value, order, condition) -%}
  {{ return(adapter.dispatch('first_by', 'millrace')(value, order, condition)) }}
{%- endmacro %}

{% macro default__first_by(value, order, condition) -%}
  (array_agg({{ value }} order by {{ order }}) filter (where {{ condition }}))[1]
{%- endmacro %}

{#- Snowflake knows no FILTER, and counts from 0. -#}
{% macro snowflake__first_by(value, order, condition) -%}
  get(array_agg(case when {{ condition }} then {{ value }} end) within group (order by case when {{ condition }} then 0 else 1 end, {{ order }}), 0)
{%- endmacro %}

{#- BigQuery knows no FILTER; LIMIT keeps the array to one. -#}
{% macro bigquery__first_by(value, order, condition) -%}
  array_agg(case when {{ condition }} then {{ value }} end ignore nulls order by {{ order }} limit 1)[safe_offset(0)]
{%- endmacro %}
