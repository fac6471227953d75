{#- Whether an expression is of the type date, and no instant: of a value that is missing it says nothing. -#}
{% macro is_date(expression) -%}
  {{ return(adapter.dispatch('is_date', 'millrace')(expression)) }}
{%- endmacro %}

{#- An instant is written with its time, whatever it is. -#}
{% macro default__is_date(expression) -%}
  length(cast({{ expression }} as {{ dbt.type_string() }})) = 10
{%- endmacro %}

{#- Told once for the whole column, and not row by row. -#}
{% macro duckdb__is_date(expression) -%}
  typeof({{ expression }}) = 'DATE'
{%- endmacro %}

{#- Cheaper than writing it. -#}
{% macro postgres__is_date(expression) -%}
  pg_typeof({{ expression }}) = 'date'::regtype
{%- endmacro %}
