{#- The day so long before the run's day, in the zone. -#}
{% macro day_ago(count, unit, zone='UTC') -%}
  {%- if not execute %}{{ return("null") }}{% endif -%}
  {%- set now = millrace.local_now(zone) -%}
  {%- if unit == 'minute' or unit == 'hour' -%}
    {%- set day = now - modules.datetime.timedelta(minutes=count * (60 if unit == 'hour' else 1)) -%}
  {%- else -%}
    {%- set day = millrace.calendar_back(now, count, unit) -%}
  {%- endif -%}
  cast({{ dbt.string_literal(day.strftime('%Y-%m-%d')) }} as date)
{%- endmacro %}
