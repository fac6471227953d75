{#- Who is in which segment now: segment, profile_id, definition. definitions: {segment: definition}; each segment is a dbt model. -#}
{% macro current_members(definitions) -%}
{% for segment, definition in definitions.items() -%}
select
    '{{ segment }}' as segment,
    profile_id,
    '{{ definition }}' as definition
from {{ ref(segment) }}
{%- if not loop.last %}

union all

{% endif %}
{%- endfor %}
{%- endmacro %}
