{#- A new profile's id: random, another one for every row. -#}
{% macro identity_new_id() -%}
  {{ return(adapter.dispatch('identity_new_id', 'millrace')()) }}
{%- endmacro %}

{% macro default__identity_new_id() -%}
  uuid_string()
{%- endmacro %}

{% macro duckdb__identity_new_id() -%}
  cast(uuid() as varchar)
{%- endmacro %}

{% macro postgres__identity_new_id() -%}
  cast(gen_random_uuid() as text)
{%- endmacro %}

{% macro bigquery__identity_new_id() -%}
  generate_uuid()
{%- endmacro %}
