{#- As `normalise_text`, letter case aside. -#}
{% macro normalise_lower(expression) -%}
  lower({{ millrace.normalise_text(expression) }})
{%- endmacro %}
