{#-
  Runs one statement and returns how many rows it made or changed, or none where the engine does not say.
  Each is counted under its stage. With `MILLRACE_IDENTITY_TRACE` set, every statement is logged with its stage, rows and seconds.
-#}
{% macro identity_step(stage, statement_text) -%}
  {%- set begun = modules.datetime.datetime.now() -%}
  {%- call statement('identity_step', fetch_result=true, auto_begin=false) -%}
    {{ statement_text }}
  {%- endcall -%}
  {%- set rows = adapter.dispatch('identity_rows_of', 'millrace')(load_result('identity_step')) -%}
  {%- do millrace.identity_note_step(stage, rows) -%}
  {%- if env_var('MILLRACE_IDENTITY_TRACE', '') -%}
    {%- set seconds = (modules.datetime.datetime.now() - begun).total_seconds() -%}
    {%- do log('identity ' ~ stage ~ ': ' ~ rows ~ ' rows, ' ~ '%.3f' % seconds ~ ' s: ' ~ (statement_text | replace('\n', ' '))[:160], info=true) -%}
  {%- endif -%}
  {{ return(rows) }}
{%- endmacro %}

{% macro default__identity_rows_of(result) -%}
  {{ return(result.response.rows_affected) }}
{%- endmacro %}

{#- DuckDB answers a statement that writes with one row, its count. -#}
{% macro duckdb__identity_rows_of(result) -%}
  {%- set rows = result.data -%}
  {{ return(rows[0][0] if rows and rows[0] | length == 1 and rows[0][0] is number else none) }}
{%- endmacro %}

{#- Snowflake: one row with the counts for what changes rows, and a sentence for what makes a table, which dbt would count as one row. -#}
{% macro snowflake__identity_rows_of(result) -%}
  {%- set rows = result.data -%}
  {{ return(rows[0][0] if rows and rows[0][0] is number else none) }}
{%- endmacro %}
