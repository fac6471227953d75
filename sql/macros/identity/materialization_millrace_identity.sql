{#- The model `identity_resolution`: stages one identity run. Its own relation is a view of the runs. -#}
{% materialization millrace_identity, default -%}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {%- set declared = config.get('meta')['millrace'] -%}
  {%- set matches = '(select * from ' ~ ref('identity_match_edge') ~ ')' if declared['matching'] else none -%}
  {%- set here = this.incorporate(type='view') -%}
  {%- do millrace.identity_resolve(here, matches, declared) -%}
  {% call statement('main') -%}
    create or replace view {{ here }} as select * from {{ millrace.identity_state(here, 'state_run') }}
  {%- endcall %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [here]}) }}
{%- endmaterialization %}

{#-
  The model `identity_published`: moves the pointer to the newest run, one update that all published tables show at once, unless the brake holds it.
  MILLRACE_IDENTITY_APPROVE holds the number of a run that a person let through.
-#}
{% materialization millrace_identity_pointer, default -%}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {%- set here = this.incorporate(type='view') -%}
  {%- do millrace.identity_brake(here, config.get('meta')['millrace']) -%}
  {%- set runs = millrace.identity_state(here, 'state_run') -%}
  {%- set pointer = millrace.identity_state(here, 'state_pointer') -%}
  {% call statement('main') -%}
    update {{ pointer }} set run = (select max(run) from {{ runs }} where status = 'staged' or status = 'published'), published_at = {{ millrace.as_of() }}
    where run < (select max(run) from {{ runs }} where status = 'staged' or status = 'published')
  {%- endcall %}
  {% call statement('told') -%}
    update {{ runs }} set status = 'published' where status = 'staged' and run = (select max(run) from {{ pointer }})
  {%- endcall %}
  {% call statement('view') -%}
    create or replace view {{ here }} as select run, published_at from {{ pointer }}
  {%- endcall %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [here]}) }}
{%- endmaterialization %}

{#- A published table: a view that stays where it is, so that views upon it and open readers live on. -#}
{% materialization millrace_identity_view, default -%}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {%- set here = this.incorporate(type='view') -%}
  {% call statement('main') -%}
    create or replace view {{ here }} as {{ sql }}
  {%- endcall %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do persist_docs(here, model) %}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [here]}) }}
{%- endmaterialization %}
