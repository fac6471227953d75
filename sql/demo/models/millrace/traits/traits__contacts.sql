-- made by `millrace compile` from traits/contacts.yml; change that file, not this one
{{ config(materialized='table') }}

-- Traits of stg_shop__contacts: one row per profile that has rows there.
with records as (

    select
        source.customer_id as profile_id,
        source.first_name,
        source.last_name,
        source.email,
        source.phone,
        source.source
    from {{ ref('stg_shop__contacts') }} as source
    where
        source.customer_id is not null

),

totals as (

    select
        profile_id,
        cast(max(records.first_name) as {{ dbt.type_string() }}) as first_name,
        cast(max(records.last_name) as {{ dbt.type_string() }}) as last_name,
        cast(max(records.email) as {{ dbt.type_string() }}) as email,
        cast(max(records.phone) as {{ dbt.type_string() }}) as phone,
        cast(max(records.source) as {{ dbt.type_string() }}) as source
    from records
    group by profile_id

)

select * from totals
