{#- A 64-bit float. dbt's own type_float is 32 bits wide on DuckDB. -#}
{% macro type_double() -%}
  {{ return(adapter.dispatch('type_double', 'millrace')()) }}
{%- endmacro %}

{% macro default__type_double() -%}
  double precision
{%- endmacro %}

{#- BigQuery's only float, under its own name. -#}
{% macro bigquery__type_double() -%}
  float64
{%- endmacro %}
