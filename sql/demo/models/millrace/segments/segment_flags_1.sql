-- made by `millrace compile` from segments/big_baskets_at_risk.yml; change that file, not this one
{{ config(materialized='ephemeral') }}

-- In which of 7 segments each profile is now: the sum of their bits.
with event_counts__orders_apart as (

    select
        profile_id,
        max(case when pattern = 'be54b9_order_placed_365_days_cbfa4c' then times end) as order_placed_365_days_cbfa4c,
        max(case when pattern = 'ad1126_order_placed_90_days' then times end) as order_placed_90_days,
        max(case when pattern = 'b98a9b_order_placed_180_days' then times end) as order_placed_180_days
    from {{ ref('event_counts__orders_apart') }}
    where pattern in (
        'be54b9_order_placed_365_days_cbfa4c',
        'ad1126_order_placed_90_days',
        'b98a9b_order_placed_180_days'
    )
    group by profile_id

),

order_placed_then_goods_returned_04d6f4 as (

    select profile_id from {{ ref('event_sequences') }} where pattern = 'a706d4_order_placed_then_goods_returned_04d6f4'

)

select
    profiles.profile_id,
    -- depends_on: {{ ref('big_baskets_at_risk') }}
    case when
        (
            -- segment lapsing
            profiles.order_count >= 3
            and (profiles.days_since_last_order >= 60 and profiles.days_since_last_order <= 365)
            and profiles.days_since_last_order > profiles.median_days_between_orders * 2
        )
        and coalesce(event_counts__orders_apart.order_placed_365_days_cbfa4c, 0) >= 1
        and not profiles.profile_id in (select profile_id from order_placed_then_goods_returned_04d6f4)
    then 1 else 0 end
    -- depends_on: {{ ref('lapsing') }}
    + case when
        profiles.order_count >= 3
        and (profiles.days_since_last_order >= 60 and profiles.days_since_last_order <= 365)
        and profiles.days_since_last_order > profiles.median_days_between_orders * 2
    then 2 else 0 end
    -- depends_on: {{ ref('new') }}
    -- depends_on: {{ ref('active') }}
    -- depends_on: {{ ref('cooling') }}
    -- depends_on: {{ ref('lost') }}
    + case
        -- stage new
        when
            profiles.first_order_on between {{ millrace.day_ago(30, 'day', 'UTC') }} and {{ millrace.day_ago(0, 'day', 'UTC') }}
            and profiles.order_count <= 1
        then 4
        -- stage active
        when
            coalesce(event_counts__orders_apart.order_placed_90_days, 0) >= 1
        then 8
        -- stage cooling
        when
            coalesce(event_counts__orders_apart.order_placed_180_days, 0) >= 1
        then 16
        -- stage lost
        when
            profiles.order_count >= 1
        then 32
        else 0
    end
    -- depends_on: {{ ref('vip_customers') }}
    + case when
        profiles.lifetime_value >= 2000
        and profiles.order_count >= 5
        and profiles.days_since_last_order <= 180
    then 64 else 0 end
    as flags_1
from {{ ref('profile_traits') }} as profiles
left join event_counts__orders_apart
    on profiles.profile_id = event_counts__orders_apart.profile_id
