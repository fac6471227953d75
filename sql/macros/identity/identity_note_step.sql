{#- Counts a statement of the node at hand under its stage. The counts lie among dbt's results: nothing else is one node's alone and open to all its macros. -#}
{% macro identity_note_step(stage, rows=none) -%}
  {%- set kept = load_result('identity_steps') -%}
  {%- set steps = kept['response'] if kept else {} -%}
  {%- set step = steps.setdefault(stage, {'statements': 0, 'rows': 0}) -%}
  {%- do step.update({'statements': step['statements'] + 1, 'rows': step['rows'] + (rows if rows is number and rows > 0 else 0)}) -%}
  {%- do store_result('identity_steps', response=steps) -%}
{%- endmacro %}
