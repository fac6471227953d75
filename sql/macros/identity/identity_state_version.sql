{#-
  What brings state tables of an older Millrace forward: version → statements, in order; the newest is what `identity_state_tables` makes. Tables without a
  version are of the time before 1. Statements of a version may run twice: a run may die between them.
-#}
{% macro identity_migrations(here) -%}
  {{ return(adapter.dispatch('identity_migrations', 'millrace')(here)) }}
{%- endmacro %}

{% macro default__identity_migrations(here) -%}
  {%- set made = [] -%}
  {%- for name, columns, kind in millrace.identity_state_tables() if name == 'state_step' -%}
    {%- do made.append(millrace.identity_state_create(here, name, columns, kind)) -%}
  {%- endfor -%}
  {%- set runs = millrace.identity_state(here, 'state_run') -%}
  {%- set golden = millrace.identity_state(here, 'state_golden') -%}
  {{ return({1: [], 2: made, 3: [
    'alter table ' ~ runs ~ ' add column if not exists rules ' ~ dbt.type_string(),
    'alter table ' ~ runs ~ ' add column if not exists read_all ' ~ dbt.type_bigint()
  ], 4: [
    'alter table ' ~ runs ~ ' add column if not exists golden ' ~ dbt.type_string(),
    'alter table ' ~ golden ~ ' add column if not exists from_run ' ~ dbt.type_bigint(),
    'alter table ' ~ golden ~ ' add column if not exists to_run ' ~ dbt.type_bigint(),
    'update ' ~ golden ~ ' set from_run = run where from_run is null'
  ]}) }}
{%- endmacro %}

{#- Makes the state tables, or brings them to this version; refuses those of a newer one before anything is written. -#}
{% macro identity_ready_state(here) -%}
  {%- set migrations = millrace.identity_migrations(here) -%}
  {%- set newest = migrations | max -%}
  {%- set version = millrace.identity_state(here, 'state_version') -%}
  {%- if load_relation(version) is none -%}
    {%- set fresh = load_relation(millrace.identity_state(here, 'state_run')) is none -%}
    {%- do millrace.identity_ensure_state(here) -%}
    {%- do millrace.identity_step('ensure', 'insert into ' ~ version ~ ' (version) values (' ~ (newest if fresh else 0) ~ ')') -%}
  {%- endif -%}
  {%- set found = millrace.identity_count('select coalesce(max(version), 0) from ' ~ version) -%}
  {%- if found > newest -%}
    {%- do exceptions.raise_compiler_error('IDENTITY_STATE_NEWER: the identity tables of schema ' ~ here.schema ~ ' were written by a newer Millrace (state version ' ~ found
      ~ ', this one knows ' ~ newest ~ '). Nothing was changed. Run the newer version, or build in another schema.') -%}
  {%- endif -%}
  {%- for to in migrations | sort if to > found -%}
    {%- for statement_text in migrations[to] -%}
      {%- do millrace.identity_step('migrate', statement_text) -%}
    {%- endfor -%}
    {%- do millrace.identity_step('migrate', 'insert into ' ~ version ~ ' (version) values (' ~ to ~ ')') -%}
  {%- endfor -%}
{%- endmacro %}
