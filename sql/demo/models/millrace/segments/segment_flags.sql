-- made by `millrace compile` from segments/big_baskets_at_risk.yml; change that file, not this one
{{ config(materialized='incremental', unique_key='profile_id', on_schema_change='sync_all_columns') }}

-- In which segments each profile is now: a bit each, and segment_membership says whose is which.
with now_flags as (

    select
        profile_id,
        cast(flags_1 as bigint) as flags_1
    from {{ ref('segment_flags_1') }}
    where flags_1 <> 0

)

{% if is_incremental() %}
select
    coalesce(now_flags.profile_id, known.profile_id) as profile_id,
    coalesce(now_flags.flags_1, 0) as flags_1,
    'bcb9eaf43404' as layout,
    (select coalesce(max(flags_build), {{ millrace.first_flags_build() }}) + 1 from {{ this }}) as flags_build
from now_flags
full outer join (
    -- as the last build left them; a column may be new
    select
        profile_id,
        {{ millrace.own_columns(['flags_1'], '0') }},
        layout
    from {{ this }}
) as known on now_flags.profile_id = known.profile_id
where
    coalesce(now_flags.flags_1, 0) <> coalesce(known.flags_1, 0)
    or known.layout <> 'bcb9eaf43404'
{% else %}
select
    profile_id,
    flags_1,
    cast('bcb9eaf43404' as {{ dbt.type_string() }}) as layout,
    cast({{ millrace.first_flags_build() }} as bigint) as flags_build
from now_flags
{% endif %}
