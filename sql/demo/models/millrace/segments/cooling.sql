-- made by `millrace compile` from segments/lifecycle.yml; change that file, not this one
{{ config(materialized='view') }}

-- Where a customer stands with the shop: cooling
select profiles.*
from {{ ref('profile_traits') }} as profiles
left join {{ ref('event_counts__orders_apart') }} as order_placed_180_days
    on profiles.profile_id = order_placed_180_days.profile_id
    and order_placed_180_days.pattern = 'b98a9b_order_placed_180_days'
where
    coalesce(order_placed_180_days.times, 0) >= 1
    and not profiles.profile_id in (select profile_id from {{ ref('new') }})
    and not profiles.profile_id in (select profile_id from {{ ref('active') }})
