-- made by `millrace compile` from identity.yml; change that file, not this one
{{ config(materialized='table', pre_hook="{{ millrace.identity_session() }}") }}

with shop_records as (
    select
        'shop' as source,
        cast(customer_id as {{ dbt.type_string() }}) as record_key,
        case when cast(registered_at as {{ dbt.type_timestamp() }}) <= {{ millrace.instant_plus(86400, 'second', millrace.as_of()) }} then cast(registered_at as {{ dbt.type_timestamp() }}) end as seen_at,
        case when cast(registered_at as {{ dbt.type_timestamp() }}) > {{ millrace.instant_plus(86400, 'second', millrace.as_of()) }} then 1 else 0 end as from_future,
        {{ millrace.normalise_text("customer_id") }} as user_id,
        {{ millrace.normalise_email("email", drop_dots=false, drop_tag=false) }} as email,
        {{ millrace.normalise_phone("phone", "GB") }} as phone,
        cast(null as {{ dbt.type_string() }}) as device_id,
        cast(first_name as {{ dbt.type_string() }}) as trait_first_name,
        cast(last_name as {{ dbt.type_string() }}) as trait_last_name,
        cast(email as {{ dbt.type_string() }}) as trait_contact_email,
        cast(source as {{ dbt.type_string() }}) as trait_source,
        cast(null as {{ dbt.type_string() }}) as trait_account_manager
    from {{ ref("customers") }}
),

crm_records as (
    select
        'crm' as source,
        cast(contact_id as {{ dbt.type_string() }}) as record_key,
        case when cast(updated_at as {{ dbt.type_timestamp() }}) <= {{ millrace.instant_plus(86400, 'second', millrace.as_of()) }} then cast(updated_at as {{ dbt.type_timestamp() }}) end as seen_at,
        case when cast(updated_at as {{ dbt.type_timestamp() }}) > {{ millrace.instant_plus(86400, 'second', millrace.as_of()) }} then 1 else 0 end as from_future,
        {{ millrace.normalise_text("customer_no") }} as user_id,
        {{ millrace.normalise_email("email", drop_dots=false, drop_tag=false) }} as email,
        {{ millrace.normalise_phone("phone", "GB") }} as phone,
        cast(null as {{ dbt.type_string() }}) as device_id,
        cast(first_name as {{ dbt.type_string() }}) as trait_first_name,
        cast(last_name as {{ dbt.type_string() }}) as trait_last_name,
        cast(null as {{ dbt.type_string() }}) as trait_contact_email,
        cast(null as {{ dbt.type_string() }}) as trait_source,
        cast(account_manager as {{ dbt.type_string() }}) as trait_account_manager
    from {{ ref("stg_crm__contacts") }}
),

web_records as (
    select
        'web' as source,
        cast(visit_id as {{ dbt.type_string() }}) as record_key,
        case when cast(visited_at as {{ dbt.type_timestamp() }}) <= {{ millrace.instant_plus(86400, 'second', millrace.as_of()) }} then cast(visited_at as {{ dbt.type_timestamp() }}) end as seen_at,
        case when cast(visited_at as {{ dbt.type_timestamp() }}) > {{ millrace.instant_plus(86400, 'second', millrace.as_of()) }} then 1 else 0 end as from_future,
        {{ millrace.normalise_text("user_id") }} as user_id,
        {{ millrace.normalise_email("email", drop_dots=false, drop_tag=false) }} as email,
        cast(null as {{ dbt.type_string() }}) as phone,
        {{ millrace.normalise_text("device_id") }} as device_id,
        cast(null as {{ dbt.type_string() }}) as trait_first_name,
        cast(null as {{ dbt.type_string() }}) as trait_last_name,
        cast(null as {{ dbt.type_string() }}) as trait_contact_email,
        cast(null as {{ dbt.type_string() }}) as trait_source,
        cast(null as {{ dbt.type_string() }}) as trait_account_manager
    from {{ ref("stg_web__visits") }}
)

select * from shop_records
union all
select * from crm_records
union all
select * from web_records
