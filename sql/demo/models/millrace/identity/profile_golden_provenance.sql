-- made by `millrace compile` from identity.yml; change that file, not this one
{{ config(materialized='millrace_identity_view') }}
-- depends_on: {{ ref('identity_published') }}
{% set pointer = '(select max(run) from ' ~ millrace.identity_state(this, 'state_pointer') ~ ')' %}

select profile_id, trait, value, rule, source, record_key, seen_at, losing_values from {{ millrace.identity_open_rows(millrace.identity_state(this, 'state_golden'), pointer) }} as golden where trait is not null and trait not in ('user_id', 'email', 'phone', 'device_id')
union all
select profile_id, trait, value, rule, source, record_key, seen_at, losing_values
from (
with pinned as (
  select profile_id, trait, value, rule, source, record_key, seen_at
  from {{ millrace.identity_open_rows(millrace.identity_state(this, 'state_golden'), pointer) }} as golden
  where trait in ('user_id', 'email', 'phone', 'device_id')
),

sighting as (
  select
    observation.code,
    observation.source,
    observation.seen_at,
    observation.worth,
    record.record_key,
    row_number() over (
      partition by observation.code, observation.source
      order by
        case when observation.seen_at is null then 1 else 0 end,
        observation.seen_at desc,
        observation.worth,
        record.record_key
    ) as turn
  from {{ millrace.identity_open_rows(millrace.identity_state(this, 'state_observation'), pointer) }} as observation
    inner join {{ millrace.identity_open_rows(millrace.identity_state(this, 'state_record'), pointer) }} as record on record.record_id = observation.record_id
),

candidate as (
  select
    component.profile_id,
    dictionary.namespace as subject,
    sighting.source,
    sighting.seen_at,
    sighting.worth,
    sighting.record_key,
    case sighting.source when 'shop' then 1 when 'crm' then 2 when 'web' then 3 end as trust,
    dictionary.value as part_1,
    dictionary.value as signature,
    length(dictionary.value) as size
  from sighting
  inner join {{ millrace.identity_state(this, 'dictionary') }} as dictionary on dictionary.code = sighting.code
  inner join {{ millrace.identity_open_rows(millrace.identity_state(this, 'state_component'), pointer) }} as component on component.code = sighting.code
  where sighting.turn = 1 and dictionary.namespace in ('user_id', 'email', 'phone', 'device_id')
),

measured as (
  select
    *,
    dense_rank() over (
      partition by profile_id, subject
      order by case when seen_at is null then 1 else 0 end, seen_at desc
    ) as recency
  from candidate
),

keyed as (
  select
    *,
    case
      when subject in ('user_id', 'email', 'phone', 'device_id') then trust
      else 0
    end as key_1,
    case
      when subject in ('user_id', 'email', 'phone', 'device_id') then recency
      else 0
    end as key_2
  from measured
),

ranked as (
  select
    *,
    row_number() over (
      partition by profile_id, subject
      order by key_1, key_2, worth, source, signature
    ) as place
  from keyed
),

-- the best record and the best one that says something else: the rule that tells the two apart decides. Windows, no joins:
-- planners that cannot foresee how many records a profile has compared every row with every other
won as (
  select
    *,
    first_value(signature) over (partition by profile_id, subject order by place) as won_signature
  from ranked
),

rivalled as (
  select
    *,
    min(case when signature <> won_signature then place end) over (partition by profile_id, subject) as rival_place
  from won
),

faced as (
  select
    *,
    max(case when place = 1 then key_1 end) over (partition by profile_id, subject) as won_key_1,
    max(case when place = rival_place then key_1 end) over (partition by profile_id, subject) as rival_key_1,
    max(case when place = 1 then key_2 end) over (partition by profile_id, subject) as won_key_2,
    max(case when place = rival_place then key_2 end) over (partition by profile_id, subject) as rival_key_2
  from rivalled
),

decided as (
  select
    *,
    case
      when rival_place is null then 'only_value'
      when rival_key_1 <> won_key_1 then case subject when 'user_id' then 'trust' when 'email' then 'trust' when 'phone' then 'trust' when 'device_id' then 'trust' end
      when rival_key_2 <> won_key_2 then case subject when 'user_id' then 'most_recent' when 'email' then 'most_recent' when 'phone' then 'most_recent' when 'device_id' then 'most_recent' end
      else 'tie_break'
    end as rule
  from faced
),

said as (
  select profile_id, subject as trait, part_1 as value, rule, source, record_key, seen_at, place from decided
  union all
  select profile_id, trait, value, rule, source, record_key, seen_at, 0 as place from pinned
),

headed as (
  select
    *,
    row_number() over (partition by profile_id, trait order by place) as turn,
    first_value(value) over (partition by profile_id, trait order by place) as winner
  from said
),

heard as (
  select
    *,
    case
      when value is not null and (winner is null or value <> winner)
        then row_number() over (partition by profile_id, trait, value order by place)
    end as lost,
    min(source) over (partition by profile_id, trait, value) as said_by
  from headed
)

select
  profile_id,
  trait,
  max(case when turn = 1 then value end) as value,
  max(case when turn = 1 then rule end) as rule,
  max(case when turn = 1 then source end) as source,
  max(case when turn = 1 then record_key end) as record_key,
  max(case when turn = 1 then seen_at end) as seen_at,
  -- no NULL among what is listed, and no empty delimiter: the stand-in of BigQuery knows neither. What did not lose is listed first, as nothing
  nullif(substring(
    {{ dbt.listagg("case when lost = 1 then value || ' (' || said_by || ')' else '' end", "'; '", "order by case when lost = 1 then 1 else 0 end, place, value") }},
    cast(2 * count(case when lost = 1 then null else 1 end) + 1 as {{ dbt.type_int() }})
  ), '') as losing_values
from heard
group by profile_id, trait
) as identifiers
