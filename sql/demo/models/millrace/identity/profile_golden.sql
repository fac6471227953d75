-- made by `millrace compile` from identity.yml; change that file, not this one
{{ config(materialized='millrace_identity_view') }}
{%- set pointer = '(select max(run) from ' ~ millrace.identity_state(this, 'state_pointer') ~ ')' -%}

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
  select profile_id, trait, value from {{ ref('profile_golden_provenance') }}
  union all
  select profile_id, namespace as trait, value
  from (
    select
      c.profile_id,
      d.namespace,
      d.value,
      row_number() over (
        partition by c.profile_id, d.namespace
        order by o.trust, case when o.seen_at is null then 1 else 0 end, o.seen_at desc, o.worth, o.source, d.value
      ) as place
    from (
      select o.*, case o.source when 'shop' then 1 when 'crm' then 2 when 'web' then 3 end as trust
      from {{ millrace.identity_state(this, "state_observation") }} as o
      where {{ millrace.identity_is_open("o", pointer) }}
    ) as o
    inner join {{ millrace.identity_state(this, "dictionary") }} as d on d.code = o.code
    inner join {{ millrace.identity_state(this, "state_component") }} as c on c.code = o.code and {{ millrace.identity_is_open("c", pointer) }}
    where d.namespace in ('user_id', 'email', 'phone', 'device_id')
  ) as ranked
  where place = 1
) as said on said.profile_id = profile.profile_id
group by profile.profile_id
