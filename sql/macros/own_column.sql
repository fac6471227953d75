{#- A column of what the model's last build left, or what stands for it where that build knew no such column. -#}
{% macro own_column(name, otherwise) -%}
  {{ return(name if name in millrace.own_names() else otherwise) }}
{%- endmacro %}

{#- Such columns, in a select. -#}
{% macro own_columns(names, otherwise) -%}
  {%- set own = millrace.own_names() -%}
  {%- set columns = [] -%}
  {%- for name in names -%}
    {%- do columns.append(name if name in own else otherwise ~ ' as ' ~ name) -%}
  {%- endfor -%}
  {{ return(columns | join(', ')) }}
{%- endmacro %}

{% macro own_names() -%}
  {{ return(adapter.get_columns_in_relation(this) | map(attribute='name') | map('lower') | list if execute else []) }}
{%- endmacro %}
