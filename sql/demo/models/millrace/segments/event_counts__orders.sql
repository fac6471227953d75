-- made by `millrace compile` from segments/big_baskets_at_risk.yml; change that file, not this one
{{ config(materialized='table') }}

-- How often each profile did what rules ask of orders, all in one pass.
with events as (

    select
        source.customer_id as profile_id,
        source.order_type,
        source.ordered_at,
        source.revenue
    from {{ ref('orders') }} as source
    where
        source.customer_id is not null
        and source.ordered_at < {{ millrace.as_of() }}
        and source.ordered_at >= {{ millrace.ago(365, 'day', 'UTC') }}

)

select
    profile_id,
    -- order_placed, last 180 days
    count(case when events.order_type = 'purchase' and events.ordered_at >= {{ millrace.ago(180, 'day', 'UTC') }} then 1 end) as order_placed_180_days,
    -- order_placed, last 365 days, revenue >= 500
    count(case when events.order_type = 'purchase' and events.ordered_at >= {{ millrace.ago(365, 'day', 'UTC') }} and events.revenue >= 500 then 1 end) as order_placed_365_days_cbfa4c,
    -- order_placed, last 90 days
    count(case when events.order_type = 'purchase' and events.ordered_at >= {{ millrace.ago(90, 'day', 'UTC') }} then 1 end) as order_placed_90_days
from events
group by profile_id
