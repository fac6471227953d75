-- made by `millrace compile` from segments/big_baskets_at_risk.yml; change that file, not this one
{{ config(materialized='incremental', unique_key=['segment', 'profile_id', 'entered_at'], on_schema_change='append_new_columns', full_refresh=false) }}

-- Who was in which segment from when until when, and why they entered and left.
-- depends_on: {{ ref('profile_traits') }}
-- depends_on: {{ ref('profile_alias') }}
-- depends_on: {{ ref('profile_change') }}
with members as (

    select
        'big_baskets_at_risk' as segment,
        profile_id,
        '3dac58217fae' as definition
    from {{ ref('big_baskets_at_risk') }}

    union all

    select
        'lapsing' as segment,
        profile_id,
        'ffd2b844e987' as definition
    from {{ ref('lapsing') }}

    union all

    select
        'new' as segment,
        profile_id,
        '85522adb37d9' as definition
    from {{ ref('new') }}

    union all

    select
        'active' as segment,
        profile_id,
        '9d08704f51e3' as definition
    from {{ ref('active') }}

    union all

    select
        'cooling' as segment,
        profile_id,
        '2c24c45b7361' as definition
    from {{ ref('cooling') }}

    union all

    select
        'lost' as segment,
        profile_id,
        '0116cadb0b06' as definition
    from {{ ref('lost') }}

    union all

    select
        'vip_customers' as segment,
        profile_id,
        '854408bd2940' as definition
    from {{ ref('vip_customers') }}

)
{% if is_incremental() %}, definitions as (

    select 'big_baskets_at_risk' as segment, '3dac58217fae' as definition
    union all
    select 'lapsing' as segment, 'ffd2b844e987' as definition
    union all
    select 'new' as segment, '85522adb37d9' as definition
    union all
    select 'active' as segment, '9d08704f51e3' as definition
    union all
    select 'cooling' as segment, '2c24c45b7361' as definition
    union all
    select 'lost' as segment, '0116cadb0b06' as definition
    union all
    select 'vip_customers' as segment, '854408bd2940' as definition

), last_time as (

    select *
    from {{ this }}
    where left_at is null

), known as (

    select
        segment,
        max(definition) as definition
    from last_time
    group by segment

), latest as (

    select coalesce(max(coalesce(left_at, entered_at)), {{ millrace.as_of() }}) as known_at from {{ this }}

), moved as (

    select profile_id
    from {{ ref('profile_change') }}
    where
        change in ('merge', 'split', 'quarantine')
        and run > (select coalesce(max({{ millrace.own_column('identity_run', '0') }}), 0) from {{ this }})

)

select
    coalesce(members.segment, last_time.segment) as segment,
    coalesce(members.profile_id, last_time.profile_id) as profile_id,
    coalesce(last_time.entered_at, {{ millrace.as_of() }}) as entered_at,
    case
        when last_time.segment is not null then last_time.entered_why
        when known.definition <> members.definition then 'definition'
        when members.profile_id in (select profile_id from moved) then 'identity'
        else 'rule'
    end as entered_why,
    case when members.segment is null then {{ millrace.as_of() }} end as left_at,
    case when members.segment is null then case
            when last_time.profile_id in (select old_profile_id from {{ ref('profile_alias') }}) then 'identity'
            when last_time.profile_id not in (select profile_id from {{ ref('profile_traits') }}) then 'deletion'
            when last_time.definition <> definitions.definition then 'definition'
            when last_time.profile_id in (select profile_id from moved) then 'identity'
            else 'rule'
        end end as left_why,
    coalesce(members.definition, last_time.definition) as definition,
    (select max(run) from {{ ref('identity_published') }}) as identity_run
from members
full outer join last_time
    on members.segment = last_time.segment
    and members.profile_id = last_time.profile_id
left join definitions on last_time.segment = definitions.segment
left join known on members.segment = known.segment
where
    (
        members.segment is null
        or last_time.segment is null
        or members.definition <> last_time.definition
    )
    -- history does not run backwards: a build that stands at an earlier instant changes nothing
    and {{ millrace.as_of() }} >= (select known_at from latest)
{% else %}

select
    cast(segment as {{ dbt.type_string() }}) as segment,
    profile_id,
    {{ millrace.as_of() }} as entered_at,
    cast('rule' as {{ dbt.type_string() }}) as entered_why,
    cast(null as {{ dbt.type_timestamp() }}) as left_at,
    cast(null as {{ dbt.type_string() }}) as left_why,
    cast(definition as {{ dbt.type_string() }}) as definition,
    (select max(run) from {{ ref('identity_published') }}) as identity_run
from members
{% endif %}
