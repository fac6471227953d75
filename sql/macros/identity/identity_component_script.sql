{#-
  The loop of the components as one script, for engines that can run one: one request where the loop of statements sends three or four a round. It is made of the
  same queries and the same rule. What it needs besides is a table of all rounds' maps (round_no, id, rep), composed from the last round back.

  Makes `tables['labels']` (id, label) and answers with the number of rounds, or -1 if they did not end. `tables`: what statements call the tables labels, edge, map, jumped,
  maps and later. `spell`: how the engine writes what engines write differently. No variable has the name of a column: BigQuery would read the column. See ADR 0065.
-#}
{% macro identity_component_script(spell, tables, edges, vertices) -%}
  {%- set rule = millrace.identity_component_rule() -%}
  {%- set edge, map, maps, later = tables['edge'], tables['map'], tables['maps'], tables['later'] -%}
  {%- set count_edges = '(select count(*) from ' ~ edge ~ ')' -%}
  {%- set of_this_round = '(select id, rep from ' ~ maps ~ ' where round_no = ' ~ spell['colon'] ~ 'at_round)' -%}
  {%- set of_first_round = '(select id, rep from ' ~ maps ~ ' where round_no = 0)' -%}
{{ spell['begin'] }}
{%- for variable in ['at_round', 'rounds', 'edges_before', 'edges_left', 'on_their_way'] %}
{{ spell['declare'] }}{{ variable }} {{ spell['integer'] }} default 0;
{%- endfor %}
{{ spell['declare'] }}how {{ spell['text'] }} default 'plain';
{{ spell['body'] }}
{{ millrace.identity_script_make(spell, edge, 'select a, b from ' ~ edges ~ ' as e where a <> b') }}
{{ millrace.identity_script_make(spell, maps, 'select a as round_no, a as id, b as rep from ' ~ edge ~ ' where 1 = 0') }}
{{ millrace.identity_script_set(spell, 'edges_left', count_edges) }}
while (edges_left > 0 and rounds < {{ rule['most_rounds'] }}) {{ spell['do'] }}
  if (how = 'cut') then
    {{ millrace.identity_script_make(spell, map, millrace.identity_hook(edge, 'cut')) }}
  else
    {{ millrace.identity_script_make(spell, map, millrace.identity_hook(edge, 'whole')) }}
  end if;
  if (how = 'roots') then
    {{ millrace.identity_script_set(spell, 'on_their_way', 1) }}
    while (on_their_way > 0) {{ spell['do'] }}
      {{ millrace.identity_script_make(spell, tables['jumped'], millrace.identity_jump(map)) }}
      {{ millrace.identity_script_make(spell, map, 'select id, rep from ' ~ tables['jumped']) }}
      {{ millrace.identity_script_set(spell, 'on_their_way', '(' ~ millrace.identity_on_their_way(map) ~ ')') }}
    end {{ spell['loop'] }};
  end if;
  insert into {{ maps }} (round_no, id, rep) select {{ spell['colon'] }}rounds, id, rep from {{ map }};
  {{ millrace.identity_script_set(spell, 'edges_before', 'edges_left') }}
  {{ millrace.identity_script_make(spell, edge, millrace.identity_contract(edge, map)) }}
  {{ millrace.identity_script_set(spell, 'edges_left', count_edges) }}
  {{ millrace.identity_script_set(spell, 'how', 'case when edges_left > ' ~ rule['keeps'] ~ ' * edges_before then '
    ~ millrace.identity_script_next(rule['stalled']) ~ ' else ' ~ millrace.identity_script_next(rule['went_on']) ~ ' end') }}
  {{ millrace.identity_script_set(spell, 'rounds', 'rounds + 1') }}
end {{ spell['loop'] }};
{{ millrace.identity_script_make(spell, later, 'select id, rep from ' ~ maps ~ ' where 1 = 0') }}
{{ millrace.identity_script_set(spell, 'at_round', 'rounds - 1') }}
while (at_round > 0) {{ spell['do'] }}
  {{ millrace.identity_script_make(spell, later, millrace.identity_compose_map(of_this_round, later)) }}
  {{ millrace.identity_script_set(spell, 'at_round', 'at_round - 1') }}
end {{ spell['loop'] }};
create or replace table {{ tables['labels'] }} as {{ millrace.identity_compose_labels(of_first_round, later, vertices) }};
{{ spell['answer'] }} case when edges_left > 0 then -1 else rounds end;
{{ spell['end'] }}
{%- endmacro %}

{#- A working table from a query, which may read the one that it replaces. -#}
{% macro identity_script_make(spell, table, query) -%}
  create or replace {{ spell['temporary'] }} table {{ table }} as {{ query }};
{%- endmacro %}

{% macro identity_script_set(spell, variable, value) -%}
  {{ spell['set'] }}{{ variable }} {{ spell['becomes'] }} {{ value }};
{%- endmacro %}

{% macro identity_script_next(next) -%}
  case how{% for how in next %} when '{{ how }}' then '{{ next[how] }}'{% endfor %} end
{%- endmacro %}

{#-
  How the engine spells a script: its frame, where variables are declared and set, and `colon`, what stands before a variable within a statement of SQL.
  `qualified`: its temporary tables stand in a schema.
-#}
{% macro identity_script_spelling() -%}
  {{ return(adapter.dispatch('identity_script_spelling', 'millrace')()) }}
{%- endmacro %}

{% macro default__identity_script_spelling() -%}
  {%- do exceptions.raise_compiler_error("millrace_identity_loop: script is for BigQuery and Snowflake; leave the variable out on " ~ target.type) -%}
{%- endmacro %}

{#- https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language -#}
{% macro bigquery__identity_script_spelling() -%}
  {{ return({
    'begin': '', 'declare': 'declare ', 'body': '', 'set': 'set ', 'becomes': '=', 'colon': '', 'do': 'do', 'loop': 'while', 'answer': 'select', 'end': '',
    'temporary': 'temp', 'qualified': false, 'integer': 'int64', 'text': 'string'
  }) }}
{%- endmacro %}

{#- A block in a string, because clients cut what is not in one at its semicolons: https://docs.snowflake.com/en/developer-guide/snowflake-scripting/running-examples -#}
{% macro snowflake__identity_script_spelling() -%}
  {{ return({
    'begin': 'execute immediate $$\ndeclare', 'declare': '', 'body': 'begin', 'set': '', 'becomes': ':=', 'colon': ':', 'do': 'do', 'loop': 'while', 'answer': 'return', 'end': 'end;\n$$',
    'temporary': 'temporary', 'qualified': true, 'integer': 'integer', 'text': 'varchar'
  }) }}
{%- endmacro %}

{#- Runs it. Answers as identity_components. -#}
{% macro identity_components_by_script(schema_of, edges, into, vertices) -%}
  {%- set spell = millrace.identity_script_spelling() -%}
  {%- set tables = {'labels': adapter.dispatch('identity_scratch_name', 'millrace')(schema_of, into)} -%}
  {%- for name in ['edge', 'map', 'jumped', 'maps', 'later'] -%}
    {%- set scratch = into ~ '_script_' ~ name -%}
    {%- do tables.update({name: adapter.dispatch('identity_scratch_name', 'millrace')(schema_of, scratch) if spell['qualified'] else 'identity_tmp_' ~ scratch}) -%}
  {%- endfor -%}
  {%- do millrace.identity_note_step('components') -%}
  {%- set rounds = run_query(millrace.identity_component_script(spell, tables, edges, vertices)).columns[0].values()[0] | int -%}
  {%- if rounds < 0 -%}
    {%- do millrace.identity_components_endless() -%}
  {%- endif -%}
  {{ return({'table': tables['labels'], 'rounds': rounds}) }}
{%- endmacro %}
