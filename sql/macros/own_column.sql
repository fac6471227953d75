{#- A column of what the model's last build left, or what stands for it where that build knew no such column. -#}
{% macro own_column(name, otherwise) -%}
  {%- if execute -%}
    {%- for column in adapter.get_columns_in_relation(this) if column.name | lower == name -%}
      {{ return(name) }}
    {%- endfor -%}
  {%- endif -%}
  {{ return(otherwise) }}
{%- endmacro %}
