{#- An index on a column of a state table that others are joined by. Nothing where engines have none, or need none. -#}
{% macro identity_index(table, column) -%}
  {{ return(adapter.dispatch('identity_index', 'millrace')(table, column)) }}
{%- endmacro %}

{% macro default__identity_index(table, column) -%}{%- endmacro %}

{#-
  A table that dbt has just built has no statistics: Postgres takes its filtered rows for one, and reads all profiles again for each of
  them. With an index it looks each up. Made when the first run has filled the table, and there ever after.
-#}
{% macro postgres__identity_index(table, column) -%}
  {%- do millrace.identity_step('statistics', 'create index if not exists ' ~ table.identifier ~ '_by_' ~ column ~ ' on ' ~ table ~ ' (' ~ column ~ ')') -%}
{%- endmacro %}
