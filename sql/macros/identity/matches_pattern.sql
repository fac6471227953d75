{#- Does the pattern occur in the text? Patterns keep to what all engines know: no look-around, no back references. -#}
{% macro matches_pattern(expression, pattern) -%}
  {{ return(adapter.dispatch('matches_pattern', 'millrace')(expression, pattern)) }}
{%- endmacro %}

{% macro default__matches_pattern(expression, pattern) -%}
  regexp_matches({{ expression }}, {{ dbt.string_literal(dbt.escape_single_quotes(pattern)) }})
{%- endmacro %}

{#- POSIX has an operator for it. -#}
{% macro postgres__matches_pattern(expression, pattern) -%}
  ({{ expression }} ~ {{ dbt.string_literal(dbt.escape_single_quotes(pattern)) }})
{%- endmacro %}

{#- regexp_like wants the whole text to match, and a backslash is an escape in the literal. -#}
{% macro snowflake__matches_pattern(expression, pattern) -%}
  (regexp_instr({{ expression }}, $${{ pattern }}$$) > 0)
{%- endmacro %}

{#- Raw text, so that a backslash is one. -#}
{% macro bigquery__matches_pattern(expression, pattern) -%}
  regexp_contains({{ expression }}, r"""{{ pattern }}""")
{%- endmacro %}
