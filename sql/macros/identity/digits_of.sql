{#- The digits 0–9 of a text, in their order. -#}
{% macro digits_of(expression) -%}
  {{ return(adapter.dispatch('digits_of', 'millrace')(expression)) }}
{%- endmacro %}

{% macro default__digits_of(expression) -%}
  regexp_replace({{ expression }}, '[^0-9]', '')
{%- endmacro %}

{#- Without the flag only the first is replaced. -#}
{% macro duckdb__digits_of(expression) -%}
  regexp_replace({{ expression }}, '[^0-9]', '', 'g')
{%- endmacro %}

{#- Without the flag only the first is replaced. -#}
{% macro postgres__digits_of(expression) -%}
  regexp_replace({{ expression }}, '[^0-9]', '', 'g')
{%- endmacro %}
