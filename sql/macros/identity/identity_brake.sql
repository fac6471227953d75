{#- Raises when the newest run merges more of the published profiles, or made a larger one, than identity.yml allows, unless that run was approved. -#}
{% macro identity_brake(here, limits) -%}
  {%- set runs = millrace.identity_state(here, 'state_run') -%}
  {%- set newest = run_query('select r.run, r.merged, r.largest, p.profiles from ' ~ runs ~ ' as r left join ' ~ runs ~ ' as p on p.run = (select max(run) from '
    ~ millrace.identity_state(here, 'state_pointer') ~ ") where r.status = 'staged' order by r.run desc") -%}
  {%- if newest.rows | length > 0 -%}
    {%- set run, merged, largest, profiles = newest.rows[0] -%}
    {%- set said = [] -%}
    {%- if limits['merges'] is not none and profiles and merged > limits['merges'] * profiles -%}
      {%- do said.append(merged ~ ' of ' ~ profiles ~ ' profiles would be merged (brake.merges: ' ~ (limits['merges'] * 100) | round(2) ~ '%)') -%}
    {%- endif -%}
    {%- if limits['largest'] is not none and largest > limits['largest'] -%}
      {%- do said.append('a profile would have ' ~ largest ~ ' identifiers (brake.largest: ' ~ limits['largest'] ~ ')') -%}
    {%- endif -%}
    {%- if said | length > 0 and env_var('MILLRACE_IDENTITY_APPROVE', '') != run | string -%}
      {%- do exceptions.raise_compiler_error('IDENTITY_BRAKE: identity run ' ~ run ~ ' is held: ' ~ said | join('; ')
        ~ '. Nothing was published. `millrace identity diff` shows what it would change; `millrace identity approve ' ~ run ~ '` publishes it.') -%}
    {%- endif -%}
  {%- endif -%}
{%- endmacro %}
