-- made by `millrace compile` from segments/lifecycle.yml; change that file, not this one
{{ config(materialized='view') }}

-- Where a customer stands with the shop: active
with profiles as (

    select * from {{ ref('profile_traits') }}

),

order_placed_90_days as (

    select
        profile_id,
        times
    from {{ ref('event_counts__orders_apart') }}
    where pattern = 'ad1126_order_placed_90_days'

)

select profiles.*
from profiles
left join order_placed_90_days on profiles.profile_id = order_placed_90_days.profile_id
where
    coalesce(order_placed_90_days.times, 0) >= 1
    and not profiles.profile_id in (select profile_id from {{ ref('new') }})
