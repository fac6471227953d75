{#- A text constant of any characters. The argument is text, not SQL. -#}
{% macro text_literal(value) -%}
  {{ return(adapter.dispatch('text_literal', 'millrace')(value)) }}
{%- endmacro %}

{% macro default__text_literal(value) -%}
  '{{ value | replace("'", "''") }}'
{%- endmacro %}

{#- Snowflake reads backslash escapes in a quoted text. -#}
{% macro snowflake__text_literal(value) -%}
  '{{ value | replace("\\", "\\\\") | replace("'", "''") }}'
{%- endmacro %}

{#- BigQuery reads backslash escapes, knows no doubled quote, and ends a quoted text at the line's end. -#}
{% macro bigquery__text_literal(value) -%}
  '{{ value | replace("\\", "\\\\") | replace("'", "\\'") | replace("\n", "\\n") | replace("\r", "\\r") }}'
{%- endmacro %}
