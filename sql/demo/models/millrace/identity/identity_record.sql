-- made by `millrace compile` from identity.yml; change that file, not this one
{% set declaration = {"columns": ["user_id", "email", "phone", "device_id", "trait_first_name", "trait_last_name", "trait_contact_email", "trait_source", "trait_account_manager"], "identifiers": 4, "rules": {"namespaces": [{"name": "user_id", "ns": 1, "strength": 1, "unique": true, "verified": true, "columns": ["user_id"], "limits": []}, {"name": "email", "ns": 2, "strength": 2, "unique": false, "verified": false, "columns": ["email"], "limits": []}, {"name": "phone", "ns": 3, "strength": 3, "unique": false, "verified": false, "columns": ["phone"], "limits": []}, {"name": "device_id", "ns": 4, "strength": 4, "unique": false, "verified": false, "columns": ["device_id"], "limits": [{"namespace": "email", "most": 3, "within_seconds": 31536000}]}], "sources": [{"name": "shop", "confidence": 1, "node": true}, {"name": "crm", "confidence": 1, "node": true}, {"name": "web", "confidence": 1, "node": false}]}} %}
{{ config(materialized='millrace_identity_record', meta={'millrace': declaration}, pre_hook="{{ millrace.identity_session() }}") }}

with shop_records as (
    select
        'shop' as source,
        coalesce(reading_key, reading_kept) as record_key,
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
        cast(null as {{ dbt.type_string() }}) as trait_account_manager,
        reading_fp,
        case when reading_kept is null then 0 else 1 end as reading_known
    from {{ millrace.identity_due(this, "shop", ref("customers"), "customer_id", "registered_at", 86400, ["customer_id", "email", "phone", "first_name", "last_name", "source"]) }} as due
),

crm_records as (
    select
        'crm' as source,
        coalesce(reading_key, reading_kept) as record_key,
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
        cast(account_manager as {{ dbt.type_string() }}) as trait_account_manager,
        reading_fp,
        case when reading_kept is null then 0 else 1 end as reading_known
    from {{ millrace.identity_due(this, "crm", ref("stg_crm__contacts"), "contact_id", "updated_at", 86400, ["customer_no", "email", "phone", "first_name", "last_name", "account_manager"]) }} as due
),

web_records as (
    select
        'web' as source,
        coalesce(reading_key, reading_kept) as record_key,
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
        cast(null as {{ dbt.type_string() }}) as trait_account_manager,
        reading_fp,
        case when reading_kept is null then 0 else 1 end as reading_known
    from {{ millrace.identity_due(this, "web", ref("stg_web__visits"), "visit_id", "visited_at", 86400, ["user_id", "email", "device_id"]) }} as due
)

select * from shop_records
union all
select * from crm_records
union all
select * from web_records
union all
{{ millrace.identity_source_size("shop", ref("customers"), "customer_id", 9) }}
union all
{{ millrace.identity_source_size("crm", ref("stg_crm__contacts"), "contact_id", 9) }}
union all
{{ millrace.identity_source_size("web", ref("stg_web__visits"), "visit_id", 9) }}
