{#-
  A name, an address or a place as it can be compared: without accents, in lower case, anything but letters and digits as
  one space. O'Brien, O’BRIEN and o brien are one. Nothing left: NULL.
-#}
{% macro normalise_name(expression) -%}
  {{ return(adapter.dispatch('normalise_name', 'millrace')(expression)) }}
{%- endmacro %}

{#- The no-break space by itself: DuckDB's [:space:] knows ASCII only. -#}
{% macro default__normalise_name(expression) -%}
  {%- set plain = millrace.plain_letters('cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ ')') -%}
  nullif(trim({{ millrace.regexp_replace_all(plain, '[[:space:][:punct:]\u00a0’‘“”–—·]+', ' ') }}), '')
{%- endmacro %}
