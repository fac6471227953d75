{#-
  The model `identity_golden`: stages the golden records of the run that `identity_resolution` staged, beside those that are published. Only profiles
  that may have other values are worked out again. Its own relation is a view of the newest rows.
-#}
{% materialization millrace_identity_golden, default -%}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {%- set here = this.incorporate(type='view') -%}
  {%- set told = (config.get('meta') or {}).get('millrace', {}) -%}
  {%- set golden = millrace.identity_state(here, 'state_golden') -%}
  {%- set pointer = millrace.identity_count('select max(run) from ' ~ millrace.identity_state(here, 'state_pointer')) -%}
  {%- set staged = millrace.identity_count('select max(run) from ' ~ millrace.identity_state(here, 'state_run')) -%}
  {#- A run that is published already shows its rows: they stay as they are. -#}
  {%- if staged > pointer -%}
    {%- do millrace.identity_stage_golden(here, sql, told, pointer, staged) -%}
    {%- do millrace.identity_put_steps(here, staged) -%}
  {%- endif -%}
  {% call statement('main') -%}
    create or replace view {{ here }} as select profile_id, trait, value, rule, source, record_key, seen_at, losing_values from {{ golden }} where to_run is null
  {%- endcall %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [here]}) }}
{%- endmaterialization %}
