{#- A 64-bit number that differs where a column differs, NULL and '' told apart. Good for one engine and version. -#}
{% macro identity_fingerprint(columns) -%}
  {{ return(adapter.dispatch('identity_fingerprint', 'millrace')(columns)) }}
{%- endmacro %}

{#- Snowflake's: any number of columns, NULLs included. -#}
{% macro default__identity_fingerprint(columns) -%}
  hash({{ columns | join(', ') }})
{%- endmacro %}

{#- Unsigned there. A NULL has a hash of its own. -#}
{% macro duckdb__identity_fingerprint(columns) -%}
  cast(hash({{ columns | join(', ') }}) >> 1 as bigint)
{%- endmacro %}

{% macro postgres__identity_fingerprint(columns) -%}
  hash_record_extended(row({{ columns | join(', ') }}), 0)
{%- endmacro %}

{% macro bigquery__identity_fingerprint(columns) -%}
  farm_fingerprint(to_json_string(struct({{ columns | join(', ') }})))
{%- endmacro %}
