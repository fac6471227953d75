{#- Does the pattern occur in the text? Patterns keep to what all engines know: no look-around, no back references. -#}
{% macro matches_pattern(expression, pattern) -%}
  ({{ millrace.text_matches(expression, millrace.text_literal(pattern)) }})
{%- endmacro %}
