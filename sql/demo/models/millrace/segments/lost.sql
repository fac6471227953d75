-- made by `millrace compile` from segments/lifecycle.yml; change that file, not this one
{{ config(materialized='view') }}

-- Where a customer stands with the shop: lost
select profiles.*
from {{ ref('profile_traits') }} as profiles
where
    profiles.order_count >= 1
    and not profiles.profile_id in (select profile_id from {{ ref('new') }})
    and not profiles.profile_id in (select profile_id from {{ ref('active') }})
    and not profiles.profile_id in (select profile_id from {{ ref('cooling') }})
