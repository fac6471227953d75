{#- A value as text without blanks around it, the invisible ones among them; NULL where nothing is left. -#}
{% macro normalise_text(expression) -%}
  {{ return(adapter.dispatch('normalise_text', 'millrace')(expression)) }}
{%- endmacro %}

{#- 160 is the no-break space; 8203 and 65279 take no room at all. -#}
{% macro default__normalise_text(expression) -%}
  nullif(trim(translate(cast({{ expression }} as {{ dbt.type_string() }}), chr(160) || chr(8203) || chr(65279) || chr(9) || chr(10) || chr(13), ' ')), '')
{%- endmacro %}

{#- `translate` walks every text letter by letter: twice the cost of all the rest of an address's normalising, for texts that hold none of these. -#}
{% macro duckdb__normalise_text(expression) -%}
  {%- set value = 'cast(' ~ expression ~ ' as varchar)' -%}
  {%- set odd = [] -%}
  {%- for code in [160, 8203, 65279, 9, 10, 13] -%}
    {%- do odd.append('contains(' ~ value ~ ', chr(' ~ code ~ '))') -%}
  {%- endfor -%}
  case when {{ odd | join(' or ') }} then {{ millrace.default__normalise_text(expression) }} else nullif(trim({{ value }}), '') end
{%- endmacro %}
