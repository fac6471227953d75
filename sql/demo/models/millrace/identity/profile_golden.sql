-- made by `millrace compile` from identity.yml; change that file, not this one
{{ config(materialized='millrace_identity_view') }}
-- depends_on: {{ ref('identity_published') }}
{% set pointer = '(select max(run) from ' ~ millrace.identity_state(this, 'state_pointer') ~ ')' %}

select
  profile.profile_id,
  max(case when said.trait = 'user_id' then said.value end) as user_id,
  max(case when said.trait = 'email' then said.value end) as email,
  max(case when said.trait = 'phone' then said.value end) as phone,
  max(case when said.trait = 'device_id' then said.value end) as device_id,
  max(case when said.trait = 'first_name' then said.value end) as first_name,
  max(case when said.trait = 'last_name' then said.value end) as last_name,
  max(case when said.trait = 'contact_email' then said.value end) as contact_email,
  max(case when said.trait = 'source' then said.value end) as source,
  max(case when said.trait = 'account_manager' then said.value end) as account_manager
from (select profile_id from {{ ref('profile') }} where status = 'active') as profile
left join (
  select profile_id, trait, value from {{ millrace.identity_open_rows(millrace.identity_state(this, 'state_golden'), pointer) }} as golden where trait is not null
  union all
  select profile_id, subject as trait, part_1 as value
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
    row_number() over (
      partition by observation.code, observation.source
      order by
        case when observation.seen_at is null then 1 else 0 end,
        observation.seen_at desc,
        observation.worth
    ) as turn
  from {{ millrace.identity_open_rows(millrace.identity_state(this, 'state_observation'), pointer) }} as observation
),

candidate as (
  select
    component.profile_id,
    dictionary.namespace as subject,
    sighting.source,
    sighting.seen_at,
    sighting.worth,
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
)

    -- pins are few: looked up in a hash of them, and joined to nothing, for Postgres expects one row of ranked and would scan them for each
    select profile_id, subject, part_1
    from ranked
    where place = 1 and subject || ' ' || profile_id not in (select trait || ' ' || profile_id from pinned)
  ) as best
) as said on said.profile_id = profile.profile_id
group by profile.profile_id
