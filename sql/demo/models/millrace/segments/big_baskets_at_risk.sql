-- made by `millrace compile` from segments/big_baskets_at_risk.yml; change that file, not this one
{{ config(materialized='view') }}

-- Lapsing, and placed an order of £500 or more in the last year that they did not return anything after
with order_placed_then_goods_returned_04d6f4 as (

    select profile_id from {{ ref('event_sequences') }} where pattern = 'a706d4_order_placed_then_goods_returned_04d6f4'

)

select profiles.*
from {{ ref('profile_traits') }} as profiles
left join {{ ref('event_counts__orders_apart') }} as order_placed_365_days_cbfa4c
    on profiles.profile_id = order_placed_365_days_cbfa4c.profile_id
    and order_placed_365_days_cbfa4c.pattern = 'be54b9_order_placed_365_days_cbfa4c'
where
    profiles.profile_id in (select profile_id from {{ ref('lapsing') }})
    and coalesce(order_placed_365_days_cbfa4c.times, 0) >= 1
    and not profiles.profile_id in (select profile_id from order_placed_then_goods_returned_04d6f4)
