{#- The digits 0–9 of a text, in their order. -#}
{% macro digits_of(expression) -%}
  {{ millrace.regexp_replace_all(expression, '[^0-9]', '') }}
{%- endmacro %}
