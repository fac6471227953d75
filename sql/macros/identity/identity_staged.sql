{#-
  The assignment as the newest run has it, published or not: a query in brackets for what is built beside the published
  tables and shows under the same pointer. `component`: namespace, value, profile_id; `profile`: profile_id, status, quarantined; `run`: run.
  `here` is the reading model's own relation, `this`: the state tables stand in its schema.
-#}
{% macro identity_staged(name, here) -%}
  {%- if name == 'component' -%}
    (select d.namespace, d.value, c.profile_id
     from {{ millrace.identity_state(here, 'state_component') }} as c
     inner join {{ millrace.identity_state(here, 'dictionary') }} as d on d.code = c.code
     where c.to_run is null)
  {%- elif name == 'profile' -%}
    (select profile_id, status, quarantined from {{ millrace.identity_state(here, 'state_profile') }} where to_run is null)
  {%- elif name == 'run' -%}
    (select max(run) as run from {{ millrace.identity_state(here, 'state_run') }})
  {%- else -%}
    {%- do exceptions.raise_compiler_error('identity stages no ' ~ name) -%}
  {%- endif -%}
{%- endmacro %}
