{#-
  One identity run, staged: everything is worked out and written with this run's number, and nothing shows before the pointer
  moves. `r`: here (the model's relation), d (the declaration), run, prev (the published run), full, records and matches
  (queries in brackets, matches or none), sizes (rows by stage).

  Only what changed is worked out again: changed records → statuses of their identifiers → their links → the edges of these
  pairs → the clusters these edges touch → their ids.
-#}
{% macro identity_resolve(here, records, matches, d) -%}
  {%- do millrace.identity_ready_state(here) -%}
  {%- set prev = millrace.identity_count('select max(run) from ' ~ millrace.identity_state(here, 'state_pointer')) -%}
  {%- set runs = millrace.identity_state(here, 'state_run') -%}
  {%- if millrace.identity_count('select count(*) from ' ~ runs ~ ' where run > ' ~ prev) > 0 -%}
    {%- do millrace.identity_roll_back(here, prev) -%}
  {%- endif -%}
  {%- do millrace.identity_clear_closed(here, prev) -%}
  {%- set last = millrace.identity_read('select blocking, guarding from ' ~ runs ~ ' where run = ' ~ prev) -%}
  {%- set was = last.rows[0] if last.rows | length > 0 else ['', ''] -%}
  {%- set blocking = local_md5(tojson({'blocked': d['blocked'], 'learn': d['guards']['learn_blocked_above'], 'namespaces': d['namespaces']})) -%}
  {%- set guarding = local_md5(tojson({'guards': d['guards'], 'namespaces': d['namespaces'], 'matching': d['matching']})) -%}
  {%- set r = {
    'here': here, 'd': d, 'run': prev + 1, 'prev': prev, 'records': records, 'matches': matches,
    'full': flags.FULL_REFRESH or prev == 0,
    'new_blocking': flags.FULL_REFRESH or was[0] != blocking,
    'new_guarding': flags.FULL_REFRESH or was[1] != guarding,
    'salt': local_md5(tojson({'namespaces': d['namespaces'], 'sources': d['sources']})),
    'sizes': {}
  } -%}
  {%- do millrace.identity_step('begin',
    "insert into " ~ runs ~ " (run, as_of, status, blocking, guarding) values (" ~ r['run'] ~ ", " ~ millrace.as_of() ~ ", 'running', '" ~ blocking ~ "', '" ~ guarding ~ "')") -%}
  {%- do millrace.identity_take_records(r) -%}
  {%- do millrace.identity_judge_identifiers(r) -%}
  {%- do millrace.identity_link_records(r) -%}
  {%- do millrace.identity_take_edges(r) -%}
  {%- do millrace.identity_find_parts(r) -%}
  {%- do millrace.identity_assign_profiles(r) -%}
  {%- do millrace.identity_finish_run(r) -%}
  {{ return(r) }}
{%- endmacro %}
