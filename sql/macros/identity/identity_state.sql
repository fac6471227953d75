{#- The relation of a state table; they all stand in the schema of the models. `here` is a model's own relation. -#}
{% macro identity_state(here, name) -%}
  {{ return(here.incorporate(path={'identifier': 'identity_' ~ name}, type='table')) }}
{%- endmacro %}

{#-
  The state tables, column by column: [name, columns, kind]. `versioned`: rows carry from_run and to_run, what is open at the
  pointer's run is the published state; `working`: likewise, and closed rows are cleared once a later run is published.
-#}
{% macro identity_state_tables() -%}
  {%- set text = dbt.type_string() -%}
  {%- set whole = dbt.type_bigint() -%}
  {%- set instant = dbt.type_timestamp() -%}
  {%- set number = dbt.type_float() -%}
  {{ return([
    ['dictionary', [['code', whole], ['namespace', text], ['value', text]], 'append'],
    ['decision', [['decision', text], ['kind', text], ['a_namespace', text], ['a_value', text], ['b_namespace', text],
      ['b_value', text], ['who', text], ['why', text], ['decided_at', instant], ['withdrawn_at', instant]], 'append'],
    ['state_pointer', [['run', whole], ['published_at', instant]], 'append'],
    ['state_run', [['run', whole], ['as_of', instant], ['status', text], ['blocking', text], ['guarding', text], ['records', whole],
      ['changed_records', whole], ['recomputed', whole], ['profiles', whole], ['new_profiles', whole], ['merged', whole], ['split', whole],
      ['largest', whole], ['statements', whole], ['rules', text], ['read_all', whole], ['golden', text]], 'append'],
    ['state_record', [['source', text], ['record_key', text], ['record_id', whole], ['fp', whole]], 'working'],
    ['state_observation', [['record_id', whole], ['code', whole], ['ns', whole], ['worth', whole], ['source', text], ['seen_at', instant]], 'working'],
    ['state_status', [['code', whole], ['guard', text], ['evidence', text]], 'working'],
    ['state_link', [['record_id', whole], ['a', whole], ['b', whole], ['source', text], ['seen_at', instant], ['active', whole]], 'working'],
    ['state_edge', [['a', whole], ['b', whole], ['kind', text], ['rule', text], ['source', text], ['first_seen', instant], ['last_seen', instant],
      ['observations', whole], ['confidence', number], ['active', whole]], 'working'],
    ['state_cluster', [['code', whole], ['cluster_id', whole], ['part', whole]], 'working'],
    ['state_violation', [['guard', text], ['cluster_id', whole], ['namespace', text], ['value', text], ['evidence', text]], 'working'],
    ['state_golden', [['run', whole], ['profile_id', text], ['trait', text], ['value', text], ['rule', text], ['source', text], ['record_key', text],
      ['seen_at', instant], ['losing_values', text]], 'working'],
    ['state_component', [['code', whole], ['profile_id', text], ['cause', text]], 'versioned'],
    ['state_profile', [['profile_id', text], ['status', text], ['anchor', whole], ['strength', whole], ['current_id', text], ['quarantined', whole],
      ['created_run', whole], ['created_at', instant]], 'versioned'],
    ['state_lineage', [['profile_id', text], ['event', text], ['other_profile_id', text], ['cause', text]], 'versioned'],
    ['state_step', [['run', whole], ['place', whole], ['stage', text], ['statements', whole], ['changed_rows', whole]], 'append'],
    ['state_version', [['version', whole]], 'append']
  ]) }}
{%- endmacro %}

{#- The statement that makes a state table where it is missing. -#}
{% macro identity_state_create(here, name, columns, kind) -%}
  {%- set versions = [] if kind == 'append' else [['from_run', dbt.type_bigint()], ['to_run', dbt.type_bigint()]] -%}
  {%- set spelled = [] -%}
  {%- for column, type in columns + versions -%}
    {%- do spelled.append(column ~ ' ' ~ type) -%}
  {%- endfor -%}
  {{ return('create table if not exists ' ~ millrace.identity_state(here, name) ~ ' (' ~ spelled | join(', ') ~ ')') }}
{%- endmacro %}

{#- Makes what is missing, `state_version` last: where it is, all are. Fails on a table that an other version made otherwise, by the first statement that reads it. -#}
{% macro identity_ensure_state(here) -%}
  {%- for name, columns, kind in millrace.identity_state_tables() -%}
    {%- do millrace.identity_step('ensure', millrace.identity_state_create(here, name, columns, kind)) -%}
  {%- endfor -%}
  {%- set pointer = millrace.identity_state(here, 'state_pointer') -%}
  {%- if millrace.identity_count('select count(*) from ' ~ pointer) == 0 -%}
    {%- do millrace.identity_step('ensure', 'insert into ' ~ pointer ~ ' (run, published_at) values (0, null)') -%}
  {%- endif -%}
{%- endmacro %}

{#- Undoes what a run staged that was never published: its rows go, and what it closed is open again. The readings of records are their reader's. -#}
{% macro identity_roll_back(here, pointer) -%}
  {%- for name, columns, kind in millrace.identity_state_tables() if kind != 'append' -%}
    {%- do millrace.identity_roll_back_table(millrace.identity_state(here, name), pointer) -%}
  {%- endfor -%}
{%- endmacro %}

{% macro identity_roll_back_table(table, pointer) -%}
  {%- do millrace.identity_step('roll back', 'delete from ' ~ table ~ ' where from_run > ' ~ pointer) -%}
  {%- do millrace.identity_step('roll back', 'update ' ~ table ~ ' set to_run = null where to_run > ' ~ pointer) -%}
{%- endmacro %}

{#- Closed rows of working tables say nothing that anybody reads once their run is published. -#}
{% macro identity_clear_closed(here, pointer) -%}
  {%- for name, columns, kind in millrace.identity_state_tables() if kind == 'working' -%}
    {%- do millrace.identity_step('clear', 'delete from ' ~ millrace.identity_state(here, name) ~ ' where to_run <= ' ~ pointer) -%}
  {%- endfor -%}
  {%- do millrace.identity_step('clear', 'delete from ' ~ millrace.identity_state(here, 'state_step') ~ ' where run < ' ~ pointer) -%}
{%- endmacro %}
