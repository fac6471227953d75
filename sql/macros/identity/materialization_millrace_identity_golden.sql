{#-
  The model `identity_golden`: stages the golden records of the run that `identity_resolution` staged, beside those that are
  published. What runs before left, published no more or never, is cleared. Its own relation is a view of the newest rows.
-#}
{% materialization millrace_identity_golden, default -%}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {%- set here = this.incorporate(type='view') -%}
  {%- set golden = millrace.identity_state(here, 'state_golden') -%}
  {%- set pointer = millrace.identity_count('select max(run) from ' ~ millrace.identity_state(here, 'state_pointer')) -%}
  {%- set staged = millrace.identity_count('select max(run) from ' ~ millrace.identity_state(here, 'state_run')) -%}
  {%- set columns = 'profile_id, trait, value, rule, source, record_key, seen_at, losing_values' -%}
  {%- do millrace.identity_step('clear golden', 'delete from ' ~ golden ~ ' where run <> ' ~ pointer) -%}
  {#- A run that is published already shows its rows: they stay as they are. -#}
  {#- Where no source has a trait all that can be staged is pins: without one, who is who need not be read. -#}
  {%- set nothing = (config.get('meta') or {}).get('millrace', {}).get('only') == 'pins' and millrace.identity_count('select count(*) from '
    ~ millrace.identity_state(here, 'decision') ~ " where kind = 'pin' and withdrawn_at is null") == 0 -%}
  {%- if staged > pointer and not nothing -%}
    {%- do millrace.identity_step('golden', 'insert into ' ~ golden ~ ' (run, ' ~ columns ~ ') select ' ~ staged ~ ', ' ~ columns ~ ' from (' ~ sql ~ ') as said') -%}
    {%- do millrace.identity_put_steps(here, staged) -%}
  {%- endif -%}
  {% call statement('main') -%}
    create or replace view {{ here }} as select {{ columns }} from {{ golden }} where run = (select max(run) from {{ golden }})
  {%- endcall %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [here]}) }}
{%- endmaterialization %}
