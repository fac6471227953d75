-- made by `millrace compile` from segments/big_baskets_at_risk.yml; change that file, not this one
-- The size of every segment after each build that changed it.
with changes as (

    select
        segment,
        entered_at as changed_at,
        1 as entered,
        0 as departed
    from {{ ref('segment_membership') }}

    union all

    select
        segment,
        left_at as changed_at,
        0 as entered,
        1 as departed
    from {{ ref('segment_membership') }}
    where left_at is not null

),

sums as (

    select
        segment,
        changed_at,
        sum(entered) as entered,
        sum(departed) as departed
    from changes
    group by segment, changed_at

)

select
    segment,
    changed_at,
    entered,
    departed,
    sum(entered - departed) over (
        partition by segment
        order by changed_at
        rows between unbounded preceding and current row
    ) as size
from sums
