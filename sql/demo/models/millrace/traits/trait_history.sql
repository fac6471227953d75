-- made by `millrace compile` from traits/orders.yml; change that file, not this one
{{ config(materialized='incremental', unique_key=['profile_id', 'trait', 'valid_from'], full_refresh=false) }}

-- What traits were, and from when until when.
with present as (

    select
        profile_id,
        cast('rfm_score' as {{ dbt.type_string() }}) as trait,
        cast(rfm_score as {{ dbt.type_string() }}) as value,
        cast(rfm_score as {{ millrace.type_double() }}) as number_value
    from {{ ref('profile_traits') }}
    where rfm_score is not null

    union all

    select
        profile_id,
        cast('lifetime_value' as {{ dbt.type_string() }}) as trait,
        cast(lifetime_value as {{ dbt.type_string() }}) as value,
        cast(lifetime_value as {{ millrace.type_double() }}) as number_value
    from {{ ref('profile_traits') }}
    where lifetime_value is not null

)
{% if is_incremental() %}, open_ranges as (

    select *
    from {{ this }}
    where valid_to is null

), latest as (

    select coalesce(max(coalesce(valid_to, valid_from)), {{ millrace.as_of() }}) as known_at
    from {{ this }}

), compared as (

    select
        coalesce(present.profile_id, open_ranges.profile_id) as profile_id,
        coalesce(present.trait, open_ranges.trait) as trait,
        present.value,
        present.number_value,
        open_ranges.value as old_value,
        open_ranges.number_value as old_number_value,
        open_ranges.valid_from
    from present
    full outer join open_ranges
        on present.profile_id = open_ranges.profile_id
        and present.trait = open_ranges.trait

), changes as (

    select *
    from compared
    where
        (
            value is null
            or old_value is null
            -- sums of fractions differ in their last digits, by the order in which they were added up
            or (number_value is not null and abs(number_value - old_number_value) > 1e-9 * (abs(number_value) + abs(old_number_value)))
            or (number_value is null and value <> old_value)
            or (number_value is not null and old_number_value is null)
        )
        -- history does not run backwards: a build that stands at an earlier instant changes nothing
        and {{ millrace.as_of() }} >= (select known_at from latest)

)

select
    profile_id,
    trait,
    value,
    number_value,
    {{ millrace.as_of() }} as valid_from,
    cast(null as {{ dbt.type_timestamp() }}) as valid_to
from changes
where value is not null

union all

select
    profile_id,
    trait,
    old_value as value,
    old_number_value as number_value,
    valid_from,
    {{ millrace.as_of() }} as valid_to
from changes
where
    old_value is not null
    -- a second build at one instant corrects the first one's value: the row above takes its place
    and (value is null or valid_from < {{ millrace.as_of() }})
{% else %}

select
    profile_id,
    trait,
    value,
    number_value,
    {{ millrace.as_of() }} as valid_from,
    cast(null as {{ dbt.type_timestamp() }}) as valid_to
from present
{% endif %}
