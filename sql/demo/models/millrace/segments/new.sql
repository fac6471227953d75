-- made by `millrace compile` from segments/lifecycle.yml; change that file, not this one
{{ config(materialized='view') }}

-- Where a customer stands with the shop: new
select profiles.*
from {{ ref('profile_traits') }} as profiles
where
    profiles.first_order_on between {{ millrace.day_ago(30, 'day', 'UTC') }} and {{ millrace.day_ago(0, 'day', 'UTC') }}
    and profiles.order_count <= 1
