-- made by `millrace compile` from segments/big_baskets_at_risk.yml; change that file, not this one
{{ config(materialized='table') }}

-- Who did one thing after another, for every sequence that rules ask for.
with order_placed_then_goods_returned_04d6f4_1 as (

    select
        profile_id,
        happened_at,
        step_no,
        case when step_no = 1 then happened_at end as began_at
    from (
        -- step 1: order_placed, ever, revenue >= 500
        select
            identifiers.profile_id as profile_id,
            source.ordered_at as happened_at,
            1 as step_no
        from {{ ref('orders') }} as source
        inner join {{ ref('identity_component') }} as identifiers
            on identifiers.namespace = 'user_id'
            and identifiers.value = {{ millrace.normalise_text("source.customer_id") }}
            and identifiers.quarantined = 0
        where
            source.ordered_at < {{ millrace.as_of() }}
            and source.order_type = 'purchase'
            and source.revenue >= 500

        union all

        -- step 2: goods_returned, ever
        select
            identifiers.profile_id as profile_id,
            source.ordered_at as happened_at,
            2 as step_no
        from {{ ref('orders') }} as source
        inner join {{ ref('identity_component') }} as identifiers
            on identifiers.namespace = 'user_id'
            and identifiers.value = {{ millrace.normalise_text("source.customer_id") }}
            and identifiers.quarantined = 0
        where
            source.ordered_at < {{ millrace.as_of() }}
            and source.order_type = 'credit_note'
    ) as steps

),

order_placed_then_goods_returned_04d6f4_2 as (

    select
        profile_id,
        happened_at,
        step_no,
        case when step_no = 2 then max(case when step_no = 1 then began_at end) over (
            partition by profile_id
            order by happened_at, step_no desc
            rows between unbounded preceding and 1 preceding
        ) else began_at end as began_at
    from order_placed_then_goods_returned_04d6f4_1

),

order_placed_then_goods_returned_04d6f4 as (

    select distinct profile_id
    from order_placed_then_goods_returned_04d6f4_2
    where
        step_no = 2
        and began_at is not null
        and happened_at <= {{ millrace.instant_plus(1440, "hour", "began_at") }}

)

select
    profile_id,
    'a706d4_order_placed_then_goods_returned_04d6f4' as pattern
from order_placed_then_goods_returned_04d6f4
