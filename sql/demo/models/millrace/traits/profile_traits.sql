-- made by `millrace compile` from traits/orders.yml; change that file, not this one
{{ config(materialized='table') }}

-- One row per profile: the golden record and every trait.
with profiles as (

    select profile_id from {{ ref('profile_golden') }}

),

observed as (

    select
        profiles.profile_id,
        golden.user_id,
        golden.email,
        golden.phone,
        golden.device_id,
        golden.first_name,
        golden.last_name,
        golden.contact_email,
        golden.source,
        golden.account_manager,
        coalesce(traits__orders.order_count, 0) as order_count,
        traits__orders.first_order_on,
        traits__orders.last_order_on,
        {{ millrace.days_since("traits__orders.days_since_last_order", 'UTC') }} as days_since_last_order,
        traits__orders.median_days_between_orders,
        traits__orders.lifetime_value,
        traits__orders.average_order_value,
        coalesce(traits__orders.revenue_90d, 0) as revenue_90d,
        coalesce(traits__orders.credit_note_count, 0) as credit_note_count,
        traits__orders.country
    from profiles
    left join {{ ref('profile_golden') }} as golden on profiles.profile_id = golden.profile_id
    left join {{ ref('traits__orders') }} as traits__orders on profiles.profile_id = traits__orders.profile_id

),

computed_1 as (

    select
        *,
        case when days_since_last_order is not null then cast(least(floor(percent_rank() over (partition by case when days_since_last_order is null then 1 else 0 end order by days_since_last_order desc) * 5), 4) as integer) + 1 end as recency_score,
        case when order_count is not null then cast(least(floor(percent_rank() over (partition by case when order_count is null then 1 else 0 end order by order_count asc) * 5), 4) as integer) + 1 end as frequency_score,
        case when lifetime_value is not null then cast(least(floor(percent_rank() over (partition by case when lifetime_value is null then 1 else 0 end order by lifetime_value asc) * 5), 4) as integer) + 1 end as monetary_score,
        case when days_since_last_order is null then null when days_since_last_order > median_days_between_orders * 2 then true else false end as lapsed
    from observed

),

computed_2 as (

    select
        *,
        recency_score * 100 + frequency_score * 10 + monetary_score as rfm_score
    from computed_1

)

select * from computed_2
