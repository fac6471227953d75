{#- Whole days from one date (SQL) to another. -#}
{% macro days_between(first_day, last_day) -%}
  {{ return(adapter.dispatch('days_between', 'millrace')(first_day, last_day)) }}
{%- endmacro %}

{% macro default__days_between(first_day, last_day) -%}
  {{ return(dbt.datediff(first_day, last_day, 'day')) }}
{%- endmacro %}

{#- BigQuery: dbt's own casts both to DATETIME for nothing. -#}
{% macro bigquery__days_between(first_day, last_day) -%}
  date_diff({{ last_day }}, {{ first_day }}, day)
{%- endmacro %}
