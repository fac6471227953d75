{#-
  Makes a working table from a query, in place of one of that name, and returns what statements call it.
  It is gone, or replaced, with the next run: nothing published reads it. `schema_of` is a relation of the schema for
  engines whose temporary tables do not outlive a statement.
-#}
{% macro identity_scratch(schema_of, name, query, stage='scratch') -%}
  {{ return(millrace.identity_scratch_counted(schema_of, name, query, stage)['table']) }}
{%- endmacro %}

{#- The same, as {'table', 'rows'}; counts only where the engine did not say. -#}
{% macro identity_scratch_counted(schema_of, name, query, stage='scratch') -%}
  {%- set table = adapter.dispatch('identity_scratch_name', 'millrace')(schema_of, name) -%}
  {%- set made = namespace(rows=none) -%}
  {%- for statement_text in adapter.dispatch('identity_scratch_statements', 'millrace')(table, query) -%}
    {%- set rows = millrace.identity_step(stage, statement_text) -%}
    {%- if statement_text.startswith('create') -%}
      {%- set made.rows = rows -%}
    {%- endif -%}
  {%- endfor -%}
  {%- if made.rows is none or made.rows < 0 -%}
    {%- set made.rows = millrace.identity_count('select count(*) from ' ~ table) -%}
  {%- endif -%}
  {{ return({'table': table, 'rows': made.rows}) }}
{%- endmacro %}

{% macro default__identity_scratch_name(schema_of, name) -%}
  {{ return(schema_of.incorporate(path={'identifier': 'identity_tmp_' ~ name}, type='table') | string) }}
{%- endmacro %}

{#- Temporary tables of these two last as long as the connection, and are written to no file. -#}
{% macro duckdb__identity_scratch_name(schema_of, name) -%}
  {{ return('identity_tmp_' ~ name) }}
{%- endmacro %}

{% macro postgres__identity_scratch_name(schema_of, name) -%}
  {{ return('identity_tmp_' ~ name) }}
{%- endmacro %}

{% macro default__identity_scratch_statements(table, query) -%}
  {{ return(['create or replace table ' ~ table ~ ' as ' ~ query]) }}
{%- endmacro %}

{% macro duckdb__identity_scratch_statements(table, query) -%}
  {{ return(['create or replace temporary table ' ~ table ~ ' as ' ~ query]) }}
{%- endmacro %}

{#- No `create or replace` for tables; and without statistics the planner joins millions of rows by nested loops. -#}
{% macro postgres__identity_scratch_statements(table, query) -%}
  {{ return(['drop table if exists pg_temp.' ~ table, 'create temporary table ' ~ table ~ ' as ' ~ query, 'analyze ' ~ table]) }}
{%- endmacro %}

{#- Ends a working table early, where it is large. -#}
{% macro identity_scratch_drop(table) -%}
  {%- do millrace.identity_step('drop', 'drop table if exists ' ~ table) -%}
{%- endmacro %}
