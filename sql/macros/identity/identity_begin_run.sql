{#-
  Begins an identity run: what a run wrote that was never published is undone, what was closed before is cleared. Returns the published run; the new one is the next.
  `rules`: what the records are read by. `reading`: the table of readings, or none where it is to be made anew.
-#}
{% macro identity_begin_run(here, rules, reading) -%}
  {%- set runs = millrace.identity_state(here, 'state_run') -%}
  {%- set prev = millrace.identity_count('select max(run) from ' ~ millrace.identity_state(here, 'state_pointer')) -%}
  {%- if millrace.identity_count('select count(*) from ' ~ runs ~ ' where run > ' ~ prev) > 0 -%}
    {%- do millrace.identity_roll_back(here, prev) -%}
    {%- if reading is not none -%}
      {%- do millrace.identity_roll_back_table(reading, prev) -%}
    {%- endif -%}
    {%- for name in ['state_run', 'state_step'] -%}
      {%- do millrace.identity_step('roll back', 'delete from ' ~ millrace.identity_state(here, name) ~ ' where run > ' ~ prev) -%}
    {%- endfor -%}
  {%- endif -%}
  {%- do millrace.identity_clear_closed(here, prev) -%}
  {%- if reading is not none -%}
    {%- do millrace.identity_step('clear', 'delete from ' ~ reading ~ ' where to_run <= ' ~ prev) -%}
  {%- endif -%}
  {%- do millrace.identity_step('begin',
    'insert into ' ~ runs ~ ' (run, as_of, status, rules, read_all) values (' ~ (prev + 1) ~ ', ' ~ millrace.as_of() ~ ", 'reading', '" ~ rules ~ "', 0)") -%}
  {{ return(prev) }}
{%- endmacro %}
