-- made by `millrace compile` from segments/lapsing.yml; change that file, not this one
{{ config(materialized='view') }}

-- Bought three times or more, silent for more than twice their own rhythm and at least 60 days, but not for over a year
select profiles.*
from {{ ref('profile_traits') }} as profiles
where
    profiles.order_count >= 3
    and (profiles.days_since_last_order >= 60 and profiles.days_since_last_order <= 365)
    and profiles.days_since_last_order > profiles.median_days_between_orders * 2
