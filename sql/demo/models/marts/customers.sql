with orders as (

    select * from {{ ref('orders') }}

),

order_days as (

    select distinct
        customer_id,
        cast(ordered_at as date) as ordered_on
    from orders
    where order_type = 'purchase'

),

order_gaps as (

    select
        customer_id,
        {{ dbt.datediff(
            'lag(ordered_on) over (partition by customer_id order by ordered_on)', 'ordered_on', 'day'
        ) }} as days_between
    from order_days

),

rhythms as (

    select
        customer_id,
        percentile_cont(0.5) within group (order by days_between) as median_days_between_orders
    from order_gaps
    where days_between is not null
    group by customer_id

),

latest_countries as (

    select
        customer_id,
        country,
        row_number() over (partition by customer_id order by ordered_at desc, order_id desc) as recency
    from orders

),

totals as (

    select
        customer_id,
        sum(case when order_type = 'purchase' then 1 else 0 end) as order_count,
        sum(case when order_type = 'credit_note' then 1 else 0 end) as credit_note_count,
        -- credit notes are negative: this is what the customer was worth after returns
        sum(revenue) as lifetime_value,
        cast(min(case when order_type = 'purchase' then ordered_at end) as date) as first_order_on,
        cast(max(case when order_type = 'purchase' then ordered_at end) as date) as last_order_on
    from orders
    group by customer_id

),

-- fifths by rank; equal values get equal scores, so the same data always score the same
ranks as (

    select
        customer_id,
        percent_rank() over (order by last_order_on nulls first) as recency_rank,
        percent_rank() over (order by order_count) as frequency_rank,
        percent_rank() over (order by lifetime_value) as monetary_rank
    from totals

)

select
    totals.customer_id,
    contacts.first_name,
    contacts.last_name,
    contacts.email,
    contacts.phone,
    contacts.source,
    latest_countries.country,
    cast(totals.order_count as integer) as order_count,
    cast(totals.credit_note_count as integer) as credit_note_count,
    cast(totals.lifetime_value as decimal(12, 2)) as lifetime_value,
    totals.first_order_on,
    totals.last_order_on,
    cast({{ dbt.datediff('totals.last_order_on', millrace.as_of(), 'day') }} as integer) as days_since_last_order,
    rhythms.median_days_between_orders,
    cast(least(floor(ranks.recency_rank * 5), 4) as integer) + 1 as recency_score,
    cast(least(floor(ranks.frequency_rank * 5), 4) as integer) + 1 as frequency_score,
    cast(least(floor(ranks.monetary_rank * 5), 4) as integer) + 1 as monetary_score
from totals
inner join ranks on totals.customer_id = ranks.customer_id
inner join {{ ref('stg_shop__contacts') }} as contacts on totals.customer_id = contacts.customer_id
inner join latest_countries
    on totals.customer_id = latest_countries.customer_id and latest_countries.recency = 1
left join rhythms on totals.customer_id = rhythms.customer_id
