-- made by `millrace compile` from segments/big_baskets_at_risk.yml; change that file, not this one
-- Who left one segment and entered another at the same time.
select
    departures.segment as from_segment,
    arrivals.segment as to_segment,
    arrivals.entered_at as moved_at,
    count(*) as profiles
from {{ ref('segment_membership') }} as departures
inner join {{ ref('segment_membership') }} as arrivals
    on departures.profile_id = arrivals.profile_id
    and departures.left_at = arrivals.entered_at
    and departures.segment <> arrivals.segment
group by departures.segment, arrivals.segment, arrivals.entered_at
