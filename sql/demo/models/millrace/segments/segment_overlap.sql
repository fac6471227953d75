-- made by `millrace compile` from segments/big_baskets_at_risk.yml; change that file, not this one
-- How many profiles are in both of any two segments now.
with current_members as (

    select
        segment,
        profile_id
    from {{ ref('segment_membership') }}
    where left_at is null

)

select
    one.segment as segment,
    other.segment as other_segment,
    count(*) as profiles
from current_members as one
inner join current_members as other
    on one.profile_id = other.profile_id
    and one.segment < other.segment
group by one.segment, other.segment
