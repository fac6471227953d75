{#- What a model of identity sets for its own connection: UTC, so that casts of instants do not depend on the machine. -#}
{% macro identity_session() -%}
  {{ return(adapter.dispatch('identity_session', 'millrace')()) }}
{%- endmacro %}

{#- BigQuery is in UTC by itself. -#}
{% macro default__identity_session() -%}
  {{ return('') }}
{%- endmacro %}

{% macro duckdb__identity_session() -%}
  {{ return("set TimeZone = 'UTC'") }}
{%- endmacro %}

{#- For this transaction only. Joins of millions of rows with the default memory took 12 times as long. -#}
{% macro postgres__identity_session() -%}
  {{ return("set local time zone 'UTC'; set local work_mem = '256MB'") }}
{%- endmacro %}

{% macro snowflake__identity_session() -%}
  {{ return("alter session set timezone = 'UTC'") }}
{%- endmacro %}
