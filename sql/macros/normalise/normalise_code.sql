{#- A postcode, a licence plate or an account number: capital letters and digits, nothing between them. Nothing left: NULL. -#}
{% macro normalise_code(expression) -%}
  {{ return(adapter.dispatch('normalise_code', 'millrace')(expression)) }}
{%- endmacro %}

{% macro default__normalise_code(expression) -%}
  nullif({{ millrace.regexp_replace_all('upper(cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ '))', '[^0-9A-Z]+', '') }}, '')
{%- endmacro %}
