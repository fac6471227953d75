{#-
  Who is in which segment now: segment, profile_id, definition. definitions: {segment: {says, column, bit}}, as `segment_flags` has them;
  flags: that table.
-#}
{% macro current_members(definitions, flags) -%}
{%- if not execute %}{{ return('') }}{% endif -%}
{% for segment, definition in definitions.items() -%}
select
    '{{ segment }}' as segment,
    profile_id,
    '{{ definition.says }}' as definition
from {{ flags }}
where {{ millrace.has_flag(definition.column, definition.bit) }}
{%- if not loop.last %}

union all

{% endif %}
{%- endfor %}
{%- endmacro %}
