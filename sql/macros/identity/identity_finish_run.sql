{#- Writes the run's counts: what the brake looks at, and what `identity report` tells. -#}
{% macro identity_finish_run(r) -%}
  {%- set here = r['here'] -%}
  {%- set runs = millrace.identity_state(here, 'state_run') -%}
  {%- set profile = millrace.identity_state(here, 'state_profile') -%}
  {%- set lineage = millrace.identity_state(here, 'state_lineage') -%}
  {%- do millrace.identity_index(profile, 'profile_id') -%}
  {%- do millrace.identity_statistics([profile, millrace.identity_state(here, 'dictionary'), millrace.identity_state(here, 'state_component'), millrace.identity_state(here, 'state_observation'), millrace.identity_state(here, 'state_record')]) -%}
  {%- set counts = millrace.identity_read(
    "select sum(case when event = 'create' then 1 else 0 end), sum(case when event = 'merge' then 1 else 0 end), sum(case when event = 'split' then 1 else 0 end) from "
    ~ lineage ~ ' where from_run = ' ~ r['run']) -%}
  {#- A sum of whole numbers is a decimal on some engines. -#}
  {%- set made = [] -%}
  {%- for many in counts.rows[0] -%}
    {%- do made.append((many or 0) | int) -%}
  {%- endfor -%}
  {%- set profiles = millrace.identity_count('select count(*) from ' ~ profile ~ " where to_run is null and status = 'active'") -%}
  {%- set largest = millrace.identity_count('select coalesce(max(size), 0) from (select part, count(*) as size from ' ~ r['part'] ~ ' as p inner join ' ~ r['vertex']
    ~ ' as v on v.id = p.id where v.ns > 0 and p.quarantined = 0 group by part) as sizes') -%}
  {%- set records = millrace.identity_count('select count(*) from ' ~ millrace.identity_state(here, 'state_record') ~ ' where to_run is null') -%}
  {%- set values = "status = 'staged', records = " ~ records ~ ', changed_records = ' ~ r['changed_records']
    ~ ', recomputed = ' ~ r['sizes']['recomputed identifiers'] ~ ', profiles = ' ~ profiles ~ ', new_profiles = ' ~ made[0] ~ ', merged = ' ~ made[1]
    ~ ', split = ' ~ made[2] ~ ', largest = ' ~ largest -%}
  {%- do millrace.identity_step('finish', 'update ' ~ runs ~ ' set ' ~ values ~ ' where run = ' ~ r['run']) -%}
  {%- set statements = millrace.identity_put_steps(here, r['run']) -%}
  {#- `millrace build` shows lines that begin so. -#}
  {%- do log('identity run ' ~ r['run'] ~ ': ' ~ statements ~ ' statements; ' ~ '{:,}'.format(records) ~ ' records (' ~ '{:,}'.format(r['changed_records']) ~ ' new, changed or gone), '
    ~ '{:,}'.format(profiles) ~ ' profiles; ' ~ made[0] ~ ' new, ' ~ made[1] ~ ' merged, ' ~ made[2] ~ ' split', info=true) -%}
{%- endmacro %}
