-- made by `millrace compile` from segments/lifecycle.yml; change that file, not this one
{{ config(materialized='view') }}

-- Where a customer stands with the shop: cooling
with event_counts__orders_apart as (

    select
        profile_id,
        max(case when pattern = 'b98a9b_order_placed_180_days' then times end) as order_placed_180_days,
        max(case when pattern = 'ad1126_order_placed_90_days' then times end) as order_placed_90_days
    from {{ ref('event_counts__orders_apart') }}
    where pattern in (
        'b98a9b_order_placed_180_days',
        'ad1126_order_placed_90_days'
    )
    group by profile_id

)

select profiles.*
from {{ ref('profile_traits') }} as profiles
left join event_counts__orders_apart
    on profiles.profile_id = event_counts__orders_apart.profile_id
where
    coalesce(event_counts__orders_apart.order_placed_180_days, 0) >= 1
    and not (
        -- stage new
        coalesce(profiles.first_order_on between {{ millrace.day_ago(30, 'day', 'UTC') }} and {{ millrace.day_ago(0, 'day', 'UTC') }}, false)
        and coalesce(profiles.order_count <= 1, false)
    )
    and not (
        -- stage active
        (coalesce(event_counts__orders_apart.order_placed_90_days, 0) >= 1)
    )
