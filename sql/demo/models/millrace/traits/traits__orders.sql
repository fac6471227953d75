-- made by `millrace compile` from traits/orders.yml; change that file, not this one
{{ config(materialized='table') }}

-- Traits of orders: one row per profile that has rows there.
with records as (

    select
        identifiers.profile_id as profile_id,
        source.order_type,
        source.ordered_at,
        source.revenue,
        source.country,
        source.order_id
    from {{ ref('orders') }} as source
    inner join {{ ref('identity_component') }} as identifiers
        on identifiers.namespace = 'user_id'
        and identifiers.value = {{ millrace.normalise_text("source.customer_id") }}
        and identifiers.quarantined = 0
    where
        source.ordered_at < {{ millrace.as_of() }}

),

totals as (

    select
        profile_id,
        count(case when records.order_type = 'purchase' then 1 end) as order_count,
        {{ millrace.local_date("min(case when records.order_type = 'purchase' then records.ordered_at end)", 'UTC') }} as first_order_on,
        {{ millrace.local_date("max(case when records.order_type = 'purchase' then records.ordered_at end)", 'UTC') }} as last_order_on,
        max(case when records.order_type = 'purchase' then records.ordered_at end) as days_since_last_order,
        sum(records.revenue) as lifetime_value,
        avg(cast(case when records.order_type = 'purchase' then records.revenue end as {{ millrace.type_double() }})) as average_order_value,
        sum(case when records.ordered_at >= {{ millrace.ago(90, 'day', 'UTC') }} then records.revenue end) as revenue_90d,
        count(case when records.order_type = 'credit_note' then 1 end) as credit_note_count,
        cast({{ millrace.first_by("records.country", "records.ordered_at desc, records.order_id desc", "records.country is not null") }} as {{ dbt.type_string() }}) as country
    from records
    group by profile_id

),

median_days_between_orders_days as (

    select distinct
        profile_id,
        {{ millrace.local_date("records.ordered_at", 'UTC') }} as happened_on
    from records
    where
        records.ordered_at is not null
        and records.order_type = 'purchase'

),

median_days_between_orders_gaps as (

    select
        profile_id,
        {{ millrace.days_between("lag(happened_on) over (partition by profile_id order by happened_on)", "happened_on") }} as days
    from median_days_between_orders_days

),

median_days_between_orders_places as (

    select
        profile_id,
        days,
        row_number() over (partition by profile_id order by days) as place,
        count(*) over (partition by profile_id) as gaps
    from median_days_between_orders_gaps
    where days is not null

),

median_days_between_orders_medians as (

    select
        profile_id,
        avg(cast(days as {{ millrace.type_double() }})) as days
    from median_days_between_orders_places
    where 2 * place between gaps and gaps + 2
    group by profile_id

)

select
    totals.*,
    median_days_between_orders_medians.days as median_days_between_orders
from totals
left join median_days_between_orders_medians on totals.profile_id = median_days_between_orders_medians.profile_id
