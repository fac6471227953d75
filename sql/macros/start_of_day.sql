{#- The instant at which a day begins in the zone, so many days later; `day` none: the run's day. -#}
{% macro start_of_day(day, days=0, zone='UTC') -%}
  {%- if not execute %}{{ return("null") }}{% endif -%}
  {%- if day is none -%}
    {%- set midnight = millrace.local_now(zone).replace(hour=0, minute=0, second=0, microsecond=0) -%}
  {%- else -%}
    {%- set midnight = modules.datetime.datetime.strptime(day, '%Y-%m-%d') -%}
  {%- endif -%}
  {{ return(millrace.timestamp_literal(millrace.utc_of(midnight + modules.datetime.timedelta(days=days), zone))) }}
{%- endmacro %}
