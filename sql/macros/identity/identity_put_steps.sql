{#- Writes what this node's statements were, by stage in the order of their first one, and adds them to the run's. The two that write it are not counted. Returns how many there were. -#}
{% macro identity_put_steps(here, run) -%}
  {%- set table = millrace.identity_state(here, 'state_step') -%}
  {%- set before = millrace.identity_count('select coalesce(max(place), 0) from ' ~ table ~ ' where run = ' ~ run) -%}
  {%- set rows = [] -%}
  {%- set told = [] -%}
  {%- set all = namespace(statements=0) -%}
  {%- for stage, step in load_result('identity_steps')['response'].items() -%}
    {%- do rows.append('(' ~ [run, before + loop.index, "'" ~ stage ~ "'", step['statements'], step['rows']] | join(', ') ~ ')') -%}
    {%- do told.append(stage ~ ' ' ~ step['statements'] ~ (' (' ~ '{:,}'.format(step['rows']) ~ ' rows)' if step['rows'] > 0)) -%}
    {%- set all.statements = all.statements + step['statements'] -%}
  {%- endfor -%}
  {%- call statement('identity_put_steps', auto_begin=false) -%}
    insert into {{ table }} (run, place, stage, statements, changed_rows) values {{ rows | join(', ') }}
  {%- endcall -%}
  {%- call statement('identity_put_steps', auto_begin=false) -%}
    update {{ millrace.identity_state(here, 'state_run') }} set statements = coalesce(statements, 0) + {{ all.statements }} where run = {{ run }}
  {%- endcall -%}
  {#- dbt prints it; `millrace build` shows the run's own line, and `millrace identity report` all stages. -#}
  {%- do log('identity run ' ~ run ~ ', ' ~ model.name ~ ', statements and rows by stage: ' ~ told | join('; '), info=true) -%}
  {{ return(all.statements) }}
{%- endmacro %}
