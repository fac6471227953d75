-- made by `millrace compile` from identity.yml; change that file, not this one
{{ config(materialized='millrace_identity_golden', meta={'millrace': {"traits": [["shop", none], ["crm", none]]}}, pre_hook="{{ millrace.identity_session() }}") }}
-- depends_on: {{ ref('identity_resolution') }}

with bearer as (
  select
    component.profile_id,
    record.source,
    record.record_key,
    record.seen_at,
    case record.source
      when 'shop' then 1
      when 'crm' then 2
      when 'web' then 3
    end as trust,
    nullif(trim(record.trait_first_name), '') as trait_first_name,
    nullif(trim(record.trait_last_name), '') as trait_last_name,
    nullif(trim(record.trait_contact_email), '') as trait_contact_email,
    nullif(trim(record.trait_source), '') as trait_source,
    nullif(trim(record.trait_account_manager), '') as trait_account_manager
  from {{ ref('identity_record') }} as record
  inner join {{ millrace.identity_golden_component(this) }} as component
    on component.namespace = 'record:' || record.source
    and component.value = record.record_key
),

subject as (
  select 'first_name' as subject
  union all select 'last_name' as subject
  union all select 'contact_email' as subject
  union all select 'source' as subject
  union all select 'account_manager' as subject
),

spread as (
  select
    bearer.profile_id,
    subject.subject,
    bearer.source,
    bearer.record_key,
    bearer.seen_at,
    bearer.trust,
    case subject.subject
      when 'first_name' then bearer.trait_first_name
      when 'last_name' then bearer.trait_last_name
      when 'contact_email' then bearer.trait_contact_email
      when 'source' then bearer.trait_source
      when 'account_manager' then bearer.trait_account_manager
    end as part_1
  from bearer
  cross join subject
),

candidate as (
  select
    *,
    -- a bundle's parts count as one value
    coalesce(part_1, '') as signature,
    coalesce(length(part_1), 0) as size
  from spread
  where part_1 is not null
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
      when subject in ('first_name', 'last_name', 'contact_email', 'source', 'account_manager') then trust
      else 0
    end as key_1,
    case
      when subject in ('first_name', 'last_name', 'contact_email', 'source', 'account_manager') then recency
      else 0
    end as key_2
  from measured
),

ranked as (
  select
    *,
    row_number() over (
      partition by profile_id, subject
      order by key_1, key_2, source, record_key, signature
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
      when rival_key_1 <> won_key_1 then case subject when 'first_name' then 'trust' when 'last_name' then 'trust' when 'contact_email' then 'trust' when 'source' then 'trust' when 'account_manager' then 'trust' end
      when rival_key_2 <> won_key_2 then case subject when 'first_name' then 'most_recent' when 'last_name' then 'most_recent' when 'contact_email' then 'most_recent' when 'source' then 'most_recent' when 'account_manager' then 'most_recent' end
      else 'tie_break'
    end as rule
  from faced
),

said as (
  select profile_id, 'first_name' as trait, part_1 as value, rule, source, record_key, seen_at, place from decided where subject = 'first_name'
  union all
  select profile_id, 'last_name' as trait, part_1 as value, rule, source, record_key, seen_at, place from decided where subject = 'last_name'
  union all
  select profile_id, 'contact_email' as trait, part_1 as value, rule, source, record_key, seen_at, place from decided where subject = 'contact_email'
  union all
  select profile_id, 'source' as trait, part_1 as value, rule, source, record_key, seen_at, place from decided where subject = 'source'
  union all
  select profile_id, 'account_manager' as trait, part_1 as value, rule, source, record_key, seen_at, place from decided where subject = 'account_manager'
  union all
  select
    profile_id,
    trait,
    value,
    'pinned' as rule,
    'decision' as source,
    cast(null as {{ dbt.type_string() }}) as record_key,
    decided_at as seen_at,
    0 as place
  from (
    select
      component.profile_id,
      pin.trait,
      pin.pinned_value as value,
      pin.decided_at,
      row_number() over (
        partition by component.profile_id, pin.trait
        order by pin.decided_at desc, pin.pinned_value
      ) as place
    from (
    select a_namespace as namespace, a_value as value, substring(b_namespace, 7) as trait, b_value as pinned_value, decided_at
    from {{ millrace.identity_state(this, 'decision') }}
    where kind = 'pin' and withdrawn_at is null
  ) as pin
    inner join {{ millrace.identity_golden_component(this) }} as component on component.namespace = pin.namespace and component.value = pin.value
    left join {{ millrace.identity_golden_component(this) }} as own
      on own.namespace = pin.trait and own.value = pin.pinned_value and own.profile_id = component.profile_id
    where pin.trait not in ('user_id', 'email', 'phone', 'device_id') or own.profile_id is not null
  ) as pins
  where place = 1
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
