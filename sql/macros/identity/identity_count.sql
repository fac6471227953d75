{#- One number from the warehouse: the first column of the first row. -#}
{% macro identity_count(query) -%}
  {%- set answer = millrace.identity_read(query) -%}
  {{ return(answer.columns[0].values()[0] | int) }}
{%- endmacro %}
