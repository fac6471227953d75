{#- A value as text without blanks around it, the invisible ones among them; NULL where nothing is left. -#}
{% macro normalise_text(expression) -%}
  {{ return(adapter.dispatch('normalise_text', 'millrace')(expression)) }}
{%- endmacro %}

{#- 160 is the no-break space; 8203 and 65279 take no room at all. -#}
{% macro default__normalise_text(expression) -%}
  nullif(trim(translate(cast({{ expression }} as {{ dbt.type_string() }}), chr(160) || chr(8203) || chr(65279) || chr(9) || chr(10) || chr(13), ' ')), '')
{%- endmacro %}
