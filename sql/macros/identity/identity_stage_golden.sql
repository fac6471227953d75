{#-
  Brings the golden records to what a staged run has, as rows of that run. `query`: the model's, of all profiles. `told`: traits (the sources whose records have some:
  [name, ttl in seconds or none]).
  All are worked out where the rules are not those of the published run, where that run has none, and where its records were all read anew.
-#}
{% macro identity_stage_golden(here, query, told, prev, run) -%}
  {%- set golden = millrace.identity_state(here, 'state_golden') -%}
  {%- set runs = millrace.identity_state(here, 'state_run') -%}
  {%- set columns = 'profile_id, trait, value, rule, source, record_key, seen_at, losing_values' -%}
  {#- What this run staged before: the model may be built twice, or have died in the middle. -#}
  {%- if millrace.identity_count('select count(*) from ' ~ golden ~ ' where from_run > ' ~ prev ~ ' or to_run > ' ~ prev) > 0 -%}
    {%- do millrace.identity_roll_back_table(golden, prev) -%}
  {%- endif -%}
  {#- The instant of the build is in the query and is no rule. -#}
  {%- set rules = local_md5(query | replace(millrace.as_of_text(), '')) -%}
  {%- set all = flags.FULL_REFRESH or prev == 0 or millrace.identity_count(
    'select case when (select max(golden) from ' ~ runs ~ ' where run = ' ~ prev ~ ") = '" ~ rules ~ "'"
    ~ ' and (select max(read_all) from ' ~ runs ~ ' where run = ' ~ run ~ ') = 0 then 0 else 1 end') == 1 -%}
  {%- set insert = 'insert into ' ~ golden ~ ' (run, ' ~ columns ~ ', from_run, to_run) select ' ~ run ~ ', ' ~ columns ~ ', ' ~ run ~ ', null from (' -%}
  {%- if all -%}
    {%- if prev > 0 -%}
      {%- do millrace.identity_step('close golden', 'update ' ~ golden ~ ' set to_run = ' ~ run ~ ' where to_run is null') -%}
    {%- endif -%}
    {%- do millrace.identity_step('golden', insert ~ query ~ ') as said') -%}
  {%- else -%}
    {%- set due = millrace.identity_scratch_counted(here, 'golden_due', millrace.identity_golden_due(here, told, prev, run), 'golden profiles') -%}
    {%- if due['rows'] > 0 -%}
      {%- set among = 'in (select profile_id from ' ~ due['table'] ~ ')' -%}
      {%- do millrace.identity_step('close golden', 'update ' ~ golden ~ ' set to_run = ' ~ run ~ ' where to_run is null and profile_id ' ~ among) -%}
      {%- do millrace.identity_step('golden', insert ~ (query | replace(millrace.identity_golden_everybody(), 'c.profile_id ' ~ among)) ~ ') as said') -%}
    {%- endif -%}
  {%- endif -%}
  {%- do millrace.identity_statistics([golden]) -%}
  {%- do millrace.identity_step('golden rules', 'update ' ~ runs ~ " set golden = '" ~ rules ~ "' where run = " ~ run) -%}
{%- endmacro %}

{#-
  The assignment that golden records are chosen by: as `identity_staged`, and where it says so only of the profiles that are due, whose place
  `identity_stage_golden` knows by the words of `identity_golden_everybody`.
-#}
{% macro identity_golden_component(here) -%}
  (select d.namespace, d.value, c.profile_id
   from {{ millrace.identity_state(here, 'state_component') }} as c
   inner join {{ millrace.identity_state(here, 'dictionary') }} as d on d.code = c.code
   where c.to_run is null and {{ millrace.identity_golden_everybody() }})
{%- endmacro %}

{% macro identity_golden_everybody() -%}
  {{ return('c.profile_id is not null') }}
{%- endmacro %}

{#-
  Profiles whose values may be others than the published run's (profile_id): those that won or lost a record, those of records that were read anew, those of
  which people decided, then or now, and those of records that grew too old since, or are not any more where a build looks back.
-#}
{% macro identity_golden_due(here, told, prev, run) -%}
  {%- set component = millrace.identity_state(here, 'state_component') -%}
  {%- set dictionary = millrace.identity_state(here, 'dictionary') -%}
  {%- set reading = millrace.identity_state(here, 'state_reading') -%}
  {%- set namespaces = [] -%}
  {%- set expiring = [] -%}
  {%- set was = '(select max(as_of) from ' ~ millrace.identity_state(here, 'state_run') ~ ' where run = ' ~ prev ~ ')' -%}
  {%- for name, ttl in told['traits'] -%}
    {%- do namespaces.append("'record:" ~ name ~ "'") -%}
    {%- if ttl is not none -%}
      {%- set from_then = millrace.instant_plus(-1 * ttl, 'second', was) -%}
      {%- set from_now = millrace.instant_plus(-1 * ttl, 'second', millrace.as_of()) -%}
      {%- do expiring.append("(source = '" ~ name ~ "' and ((seen_at >= " ~ from_then ~ ' and seen_at < ' ~ from_now ~ ') or (seen_at >= ' ~ from_now ~ ' and seen_at < ' ~ from_then ~ ')))') -%}
    {%- endif -%}
  {%- endfor -%}
  {%- set ours = 'from_run = ' ~ run ~ ' or to_run = ' ~ run -%}
  select profile_id
  from {{ millrace.identity_state(here, 'state_golden') }}
  where to_run is null and rule = 'pinned'
  union distinct
  select c.profile_id
  from {{ millrace.identity_state(here, 'decision') }} as p
  inner join {{ dictionary }} as d on d.namespace = p.a_namespace and d.value = p.a_value
  inner join {{ component }} as c on c.code = d.code
  where p.kind = 'pin' and p.withdrawn_at is null and c.to_run is null
  {%- if namespaces | length > 0 %}
  union distinct
  select c.profile_id
  from (select code, profile_id from {{ component }} where {{ ours }}) as c
  inner join {{ dictionary }} as d on d.code = c.code
  where d.namespace in ({{ namespaces | join(', ') }})
  union distinct
  select c.profile_id
  from (
    select distinct 'record:' || source as namespace, record_key as value
    from {{ reading }}
    where record_key is not null and ('record:' || source) in ({{ namespaces | join(', ') }})
      and ({{ ours }}{% if expiring | length > 0 %} or (to_run is null and ({{ expiring | join(' or ') }})){% endif %})
  ) as k
  inner join {{ dictionary }} as d on d.namespace = k.namespace and d.value = k.value
  inner join {{ component }} as c on c.code = d.code
  where c.to_run is null
  {%- endif %}
{%- endmacro %}
