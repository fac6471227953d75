-- made by `millrace compile` from segments/big_baskets_at_risk.yml; change that file, not this one
{{ config(materialized='table') }}

-- How often profiles did what few of them do in orders: a pass each, since each wants few rows.
-- order_placed, last 90 days
select
    identifiers.profile_id as profile_id,
    'ad1126_order_placed_90_days' as pattern,
    count(*) as times
from {{ ref('orders') }} as source
inner join {{ ref('identity_component') }} as identifiers
    on identifiers.namespace = 'user_id'
    and identifiers.value = {{ millrace.normalise_text("source.customer_id") }}
    and identifiers.quarantined = 0
where
    source.ordered_at < {{ millrace.as_of() }}
    and source.order_type = 'purchase'
    and source.ordered_at >= {{ millrace.ago(90, 'day', 'UTC') }}
group by 1

union all

-- order_placed, last 180 days
select
    identifiers.profile_id as profile_id,
    'b98a9b_order_placed_180_days' as pattern,
    count(*) as times
from {{ ref('orders') }} as source
inner join {{ ref('identity_component') }} as identifiers
    on identifiers.namespace = 'user_id'
    and identifiers.value = {{ millrace.normalise_text("source.customer_id") }}
    and identifiers.quarantined = 0
where
    source.ordered_at < {{ millrace.as_of() }}
    and source.order_type = 'purchase'
    and source.ordered_at >= {{ millrace.ago(180, 'day', 'UTC') }}
group by 1

union all

-- order_placed, last 365 days, revenue >= 500
select
    identifiers.profile_id as profile_id,
    'be54b9_order_placed_365_days_cbfa4c' as pattern,
    count(*) as times
from {{ ref('orders') }} as source
inner join {{ ref('identity_component') }} as identifiers
    on identifiers.namespace = 'user_id'
    and identifiers.value = {{ millrace.normalise_text("source.customer_id") }}
    and identifiers.quarantined = 0
where
    source.ordered_at < {{ millrace.as_of() }}
    and source.order_type = 'purchase'
    and source.ordered_at >= {{ millrace.ago(365, 'day', 'UTC') }}
    and source.revenue >= 500
group by 1
