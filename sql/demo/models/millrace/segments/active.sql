-- made by `millrace compile` from segments/lifecycle.yml; change that file, not this one
{{ config(materialized='view') }}

-- Where a customer stands with the shop: active
select profiles.*
from {{ ref('profile_traits') }} as profiles
left join {{ ref('event_counts__orders_apart') }} as order_placed_90_days
    on profiles.profile_id = order_placed_90_days.profile_id
    and order_placed_90_days.pattern = 'ad1126_order_placed_90_days'
where
    coalesce(order_placed_90_days.times, 0) >= 1
    and not (
        -- stage new
        coalesce(profiles.first_order_on between {{ millrace.day_ago(30, 'day', 'UTC') }} and {{ millrace.day_ago(0, 'day', 'UTC') }}, false)
        and coalesce(profiles.order_count <= 1, false)
    )
