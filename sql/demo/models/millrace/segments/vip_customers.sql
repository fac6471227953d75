-- made by `millrace compile` from segments/vip_customers.yml; change that file, not this one
{{ config(materialized='view') }}

-- Worth £2,000 or more after returns, five purchases or more, the latest within 180 days
select profiles.*
from {{ ref('profile_traits') }} as profiles
where
    profiles.lifetime_value >= 2000
    and profiles.order_count >= 5
    and profiles.days_since_last_order <= 180
