-- made by `millrace compile` from segments/big_baskets_at_risk.yml; change that file, not this one
-- Who moved between the stages of a life-cycle, and when.
with stages as (

    select 'customers' as lifecycle, 'new' as stage, 1 as place
    union all
    select 'customers' as lifecycle, 'active' as stage, 2 as place
    union all
    select 'customers' as lifecycle, 'cooling' as stage, 3 as place
    union all
    select 'customers' as lifecycle, 'lost' as stage, 4 as place

),

departures as (

    select
        stages.lifecycle,
        memberships.segment as stage,
        memberships.profile_id,
        memberships.left_at as moved_at
    from {{ ref('segment_membership') }} as memberships
    inner join stages on memberships.segment = stages.stage
    where memberships.left_at is not null

),

arrivals as (

    select
        stages.lifecycle,
        memberships.segment as stage,
        memberships.profile_id,
        memberships.entered_at as moved_at
    from {{ ref('segment_membership') }} as memberships
    inner join stages on memberships.segment = stages.stage
    where memberships.entered_at is not null

)

select
    coalesce(departures.lifecycle, arrivals.lifecycle) as lifecycle,
    coalesce(departures.moved_at, arrivals.moved_at) as moved_at,
    departures.stage as from_stage,
    arrivals.stage as to_stage,
    count(*) as profiles
from departures
full outer join arrivals
    on departures.lifecycle = arrivals.lifecycle
    and departures.profile_id = arrivals.profile_id
    and departures.moved_at = arrivals.moved_at
group by 1, 2, 3, 4
