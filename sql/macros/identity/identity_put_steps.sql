{#- Writes what this node's statements were, by stage in the order of their first one, and adds them to the run's. The two that write it are not counted. Returns how many there were. -#}
{% macro identity_put_steps(here, run) -%}
  {%- set table = millrace.identity_state(here, 'state_step') -%}
  {%- set before = millrace.identity_count('select coalesce(max(place), 0) from ' ~ table ~ ' where run = ' ~ run) -%}
  {%- set rows = [] -%}
  {%- set all = namespace(statements=0) -%}
  {%- for stage, step in load_result('identity_steps')['response'].items() -%}
    {%- do rows.append('(' ~ [run, before + loop.index, "'" ~ stage ~ "'", step['statements'], step['rows']] | join(', ') ~ ')') -%}
    {%- set all.statements = all.statements + step['statements'] -%}
  {%- endfor -%}
  {%- call statement('identity_put_steps', auto_begin=false) -%}
    insert into {{ table }} (run, place, stage, statements, changed_rows) values {{ rows | join(', ') }}
  {%- endcall -%}
  {%- call statement('identity_put_steps', auto_begin=false) -%}
    update {{ millrace.identity_state(here, 'state_run') }} set statements = coalesce(statements, 0) + {{ all.statements }} where run = {{ run }}
  {%- endcall -%}
  {{ return(all.statements) }}
{%- endmacro %}
