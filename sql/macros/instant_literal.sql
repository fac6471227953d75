{#- An instant as a constant: the argument is UTC text such as 2026-01-01 00:00:00.000000, not SQL. -#}
{% macro instant_literal(utc_text) -%}
  {{ return(adapter.dispatch('instant_literal', 'millrace')(utc_text)) }}
{%- endmacro %}

{% macro default__instant_literal(utc_text) -%}
  cast({{ dbt.string_literal(utc_text) }} as {{ dbt.type_timestamp() }})
{%- endmacro %}

{#- BigQuery reads a text without an offset in the zone that its project or organisation is set to (`default_time_zone`). -#}
{% macro bigquery__instant_literal(utc_text) -%}
  cast({{ dbt.string_literal(utc_text ~ '+00') }} as {{ dbt.type_timestamp() }})
{%- endmacro %}
