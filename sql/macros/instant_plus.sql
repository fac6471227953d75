{#- An instant (SQL) so many seconds, minutes, hours or days later; fewer than none: earlier. -#}
{% macro instant_plus(count, unit, instant) -%}
  {{ return(adapter.dispatch('instant_plus', 'millrace')(count, unit, instant)) }}
{%- endmacro %}

{% macro default__instant_plus(count, unit, instant) -%}
  {{ return(dbt.dateadd(unit, count, instant)) }}
{%- endmacro %}

{#- BigQuery: dbt's own gives a DATETIME there, which is compared with no TIMESTAMP. -#}
{% macro bigquery__instant_plus(count, unit, instant) -%}
  timestamp_add({{ instant }}, interval {{ count }} {{ unit }})
{%- endmacro %}
