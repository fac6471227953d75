-- made by `millrace compile` from segments/big_baskets_at_risk.yml; change that file, not this one
{{ config(materialized='incremental', unique_key='profile_id', on_schema_change='sync_all_columns') }}

-- In which segments each profile is now: a bit each, and segment_membership says whose is which.
with order_placed_365_days_cbfa4c as (

    select
        profile_id,
        times
    from {{ ref('event_counts__orders_apart') }}
    where pattern = 'be54b9_order_placed_365_days_cbfa4c'

),

order_placed_then_goods_returned_04d6f4 as (

    select profile_id from {{ ref('event_sequences') }} where pattern = 'a706d4_order_placed_then_goods_returned_04d6f4'

),

order_placed_90_days as (

    select
        profile_id,
        times
    from {{ ref('event_counts__orders_apart') }}
    where pattern = 'ad1126_order_placed_90_days'

),

order_placed_180_days as (

    select
        profile_id,
        times
    from {{ ref('event_counts__orders_apart') }}
    where pattern = 'b98a9b_order_placed_180_days'

),

flags_1 as (

    select
        profiles.profile_id,
        cast(
            -- big_baskets_at_risk
            case when
                profiles.profile_id in (select profile_id from {{ ref('lapsing') }})
                and coalesce(order_placed_365_days_cbfa4c.times, 0) >= 1
                and not profiles.profile_id in (select profile_id from order_placed_then_goods_returned_04d6f4)
            then 1 else 0 end
            -- lapsing
            + case when
                profiles.order_count >= 3
                and (profiles.days_since_last_order >= 60 and profiles.days_since_last_order <= 365)
                and profiles.days_since_last_order > profiles.median_days_between_orders * 2
            then 2 else 0 end
            -- new
            + case when
                profiles.first_order_on between {{ millrace.day_ago(30, 'day', 'UTC') }} and {{ millrace.day_ago(0, 'day', 'UTC') }}
                and profiles.order_count <= 1
            then 4 else 0 end
            -- active
            + case when
                coalesce(order_placed_90_days.times, 0) >= 1
                and not profiles.profile_id in (select profile_id from {{ ref('new') }})
            then 8 else 0 end
            -- cooling
            + case when
                coalesce(order_placed_180_days.times, 0) >= 1
                and not profiles.profile_id in (select profile_id from {{ ref('new') }})
                and not profiles.profile_id in (select profile_id from {{ ref('active') }})
            then 16 else 0 end
            -- lost
            + case when
                profiles.order_count >= 1
                and not profiles.profile_id in (select profile_id from {{ ref('new') }})
                and not profiles.profile_id in (select profile_id from {{ ref('active') }})
                and not profiles.profile_id in (select profile_id from {{ ref('cooling') }})
            then 32 else 0 end
            -- vip_customers
            + case when
                profiles.lifetime_value >= 2000
                and profiles.order_count >= 5
                and profiles.days_since_last_order <= 180
            then 64 else 0 end
        as {{ dbt.type_bigint() }}) as flags_1
    from {{ ref('profile_traits') }} as profiles
    left join order_placed_365_days_cbfa4c on profiles.profile_id = order_placed_365_days_cbfa4c.profile_id
    left join order_placed_90_days on profiles.profile_id = order_placed_90_days.profile_id
    left join order_placed_180_days on profiles.profile_id = order_placed_180_days.profile_id

),

now_flags as (

    select * from flags_1 where flags_1 <> 0

)

{% if is_incremental() %}
select
    coalesce(now_flags.profile_id, known.profile_id) as profile_id,
    coalesce(now_flags.flags_1, 0) as flags_1,
    'bcb9eaf43404' as layout,
    (select coalesce(max(flags_build), {{ millrace.first_flags_build() }}) + 1 from {{ this }}) as flags_build
from now_flags
full outer join (
    -- as the last build left them; a column may be new
    select
        profile_id,
        {{ millrace.own_column('flags_1', '0') }} as flags_1,
        layout
    from {{ this }}
) as known on now_flags.profile_id = known.profile_id
where
    coalesce(now_flags.flags_1, 0) <> coalesce(known.flags_1, 0)
    or known.layout <> 'bcb9eaf43404'
{% else %}
select
    profile_id,
    flags_1,
    cast('bcb9eaf43404' as {{ dbt.type_string() }}) as layout,
    cast({{ millrace.first_flags_build() }} as {{ dbt.type_bigint() }}) as flags_build
from now_flags
{% endif %}
