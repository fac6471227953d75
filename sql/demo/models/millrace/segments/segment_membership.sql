-- made by `millrace compile` from segments/big_baskets_at_risk.yml; change that file, not this one
{{ config(materialized='incremental', unique_key=['segment', 'profile_id', 'entered_at'], on_schema_change='append_new_columns', full_refresh=false) }}

{#- what each segment says, as a hash, in the order of its bit of segment_flags -#}
{% set definitions = millrace.flag_definitions('{
    "flags_1": {
        "big_baskets_at_risk": "3dac58217fae",
        "lapsing": "ffd2b844e987",
        "new": "85522adb37d9",
        "active": "9d08704f51e3",
        "cooling": "2c24c45b7361",
        "lost": "0116cadb0b06",
        "vip_customers": "854408bd2940"
    }
}') %}

-- Who was in which segment from when until when, and why they entered and left.
-- depends_on: {{ ref('segment_flags') }}
-- depends_on: {{ ref('profile_traits') }}
-- depends_on: {{ ref('profile_alias') }}
-- depends_on: {{ ref('profile_change') }}
{% if is_incremental() %}
with changes as (

    {{ millrace.membership_changes(definitions, this, ref('segment_flags')) | indent(4) }}

),

redefined as (

    -- every open stay of a segment that says something else now is among the changes
    select distinct segment
    from changes
    where last_definition <> definition

),

latest as (

    select coalesce(max(coalesce(left_at, entered_at)), {{ millrace.as_of() }}) as known_at from {{ this }}

),

moved as (

    select profile_id
    from {{ ref('profile_change') }}
    where
        change in ('merge', 'split', 'quarantine')
        and run > (select coalesce(max({{ millrace.own_column('identity_run', '0') }}), 0) from {{ this }})

)

select
    changes.segment,
    changes.profile_id,
    coalesce(changes.entered_at, {{ millrace.as_of() }}) as entered_at,
    case
        when changes.entered_at is not null then changes.entered_why
        when redefined.segment is not null then 'definition'
        when changes.profile_id in (select profile_id from moved) then 'identity'
        else 'rule'
    end as entered_why,
    case when changes.is_member = 0 then {{ millrace.as_of() }} end as left_at,
    case
        when changes.is_member = 1 then null
        when changes.profile_id in (select old_profile_id from {{ ref('profile_alias') }}) then 'identity'
        when changes.profile_id not in (select profile_id from {{ ref('profile_traits') }}) then 'deletion'
        when changes.last_definition <> changes.definition then 'definition'
        when changes.profile_id in (select profile_id from moved) then 'identity'
        else 'rule'
    end as left_why,
    case when changes.is_member = 1 then changes.definition else changes.last_definition end as definition,
    (select max(flags_build) from {{ ref('segment_flags') }}) as flags_build,
    (select max(run) from {{ ref('identity_published') }}) as identity_run
from changes
left join redefined on changes.segment = redefined.segment
-- history does not run backwards: a build that stands at an earlier instant changes nothing
where {{ millrace.as_of() }} >= (select known_at from latest)
{% else %}
with members as (

    {{ millrace.current_members(definitions, ref('segment_flags')) | indent(4) }}

)

select
    cast(segment as {{ dbt.type_string() }}) as segment,
    profile_id,
    {{ millrace.as_of() }} as entered_at,
    cast('rule' as {{ dbt.type_string() }}) as entered_why,
    cast(null as {{ dbt.type_timestamp() }}) as left_at,
    cast(null as {{ dbt.type_string() }}) as left_why,
    cast(definition as {{ dbt.type_string() }}) as definition,
    (select max(flags_build) from {{ ref('segment_flags') }}) as flags_build,
    (select max(run) from {{ ref('identity_published') }}) as identity_run
from members
{% endif %}
