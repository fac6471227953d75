{#-
  One identity run, staged: everything is worked out and written with this run's number, and nothing shows before the pointer
  moves. `identity_record` has begun the run and read the records. `r`: here (the model's relation), d (the declaration), run, prev (the published run), full,
  diff_all (whether all records are compared with the last run's), records (a query in brackets: the open readings) and fresh (those of this run), matches
  (a query in brackets or none), sizes (rows by stage).

  Only what changed is worked out again: changed records → statuses of their identifiers → their links → the edges of these
  pairs → the clusters these edges touch → their ids.
-#}
{% macro identity_resolve(here, matches, d) -%}
  {%- do millrace.identity_ready_state(here) -%}
  {%- set prev = millrace.identity_count('select max(run) from ' ~ millrace.identity_state(here, 'state_pointer')) -%}
  {%- set runs = millrace.identity_state(here, 'state_run') -%}
  {%- set begun = millrace.identity_read('select status, read_all from ' ~ runs ~ ' where run = ' ~ (prev + 1)) -%}
  {%- if begun.rows | length == 0 -%}
    {%- do millrace.identity_step('begin', 'insert into ' ~ runs ~ ' (run, as_of, rules, read_all) select ' ~ (prev + 1) ~ ', ' ~ millrace.as_of() ~ ', rules, 0 from ' ~ runs ~ ' where run = ' ~ prev) -%}
    {%- do millrace.identity_clear_closed(here, prev) -%}
  {%- elif begun.rows[0][0] != 'reading' -%}
    {#- Resolved before, and not published: its records stay read. -#}
    {%- do millrace.identity_roll_back(here, prev) -%}
  {%- endif -%}
  {%- set reading = millrace.identity_state(here, 'state_reading') -%}
  {%- set last = millrace.identity_read('select blocking, guarding from ' ~ runs ~ ' where run = ' ~ prev) -%}
  {%- set was = last.rows[0] if last.rows | length > 0 else ['', ''] -%}
  {%- set blocking = local_md5(tojson({'blocked': d['blocked'], 'learn': d['guards']['learn_blocked_above'], 'namespaces': d['namespaces']})) -%}
  {%- set guarding = local_md5(tojson({'guards': d['guards'], 'namespaces': d['namespaces'], 'matching': d['matching']})) -%}
  {%- set full = flags.FULL_REFRESH or prev == 0 -%}
  {%- set r = {
    'here': here, 'd': d, 'run': prev + 1, 'prev': prev, 'matches': matches,
    'records': '(select * from ' ~ reading ~ ' where to_run is null)',
    'full': full,
    'diff_all': full or begun.rows | length > 0 and begun.rows[0][1] == 1,
    'new_blocking': flags.FULL_REFRESH or was[0] != blocking,
    'new_guarding': flags.FULL_REFRESH or was[1] != guarding,
    'salt': local_md5(tojson({'namespaces': d['namespaces'], 'sources': d['sources']})),
    'sizes': {}
  } -%}
  {%- do r.update({'fresh': r['records'] if r['diff_all'] else '(select * from ' ~ reading ~ ' where from_run = ' ~ r['run'] ~ ')'}) -%}
  {%- do millrace.identity_step('begin', 'update ' ~ runs ~ " set status = 'running', as_of = " ~ millrace.as_of() ~ ", blocking = '" ~ blocking ~ "', guarding = '" ~ guarding ~ "' where run = " ~ r['run']) -%}
  {%- do millrace.identity_take_records(r) -%}
  {%- do millrace.identity_judge_identifiers(r) -%}
  {%- do millrace.identity_link_records(r) -%}
  {%- do millrace.identity_take_edges(r) -%}
  {%- do millrace.identity_find_parts(r) -%}
  {%- do millrace.identity_assign_profiles(r) -%}
  {%- do millrace.identity_finish_run(r) -%}
  {{ return(r) }}
{%- endmacro %}
