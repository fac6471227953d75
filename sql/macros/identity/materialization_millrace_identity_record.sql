{#-
  The model `identity_record`: begins an identity run and reads the records that are new, changed or gone. What was read before is kept, normalised, with the run
  it was read in. Its own relation is a view of the readings that are open.
-#}
{% materialization millrace_identity_record, default -%}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {%- set declared = config.get('meta')['millrace'] -%}
  {%- set here = this.incorporate(type='view') -%}
  {%- set stood = load_relation(this) -%}
  {%- set fresh = millrace.identity_read_records(here, sql, declared) -%}
  {#- A table of a Millrace that wrote all records anew in every build; or a view with other columns. -#}
  {%- if stood is not none and (fresh or not stood.is_view) -%}
    {%- do adapter.drop_relation(stood) -%}
  {%- endif -%}
  {% call statement('main') -%}
    create or replace view {{ here }} as
    select source, record_key, seen_at, from_future{% for column in declared['columns'] %}, {{ column }}{% endfor %}
    from {{ millrace.identity_state(here, 'state_reading') }} where to_run is null
  {%- endcall %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do persist_docs(here, model) %}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [here]}) }}
{%- endmaterialization %}
