{#- The instant so long before the run's. Minutes and hours are exact; days and longer keep the clock time of the zone. -#}
{% macro ago(count, unit, zone='UTC') -%}
  {%- if unit == 'minute' or unit == 'hour' -%}
    {%- set instant = modules.datetime.datetime.strptime(millrace.as_of_text(), '%Y-%m-%d %H:%M:%S.%f') -%}
    {{ return(millrace.timestamp_literal(instant - modules.datetime.timedelta(minutes=count * (60 if unit == 'hour' else 1)))) }}
  {%- endif -%}
  {{ return(millrace.timestamp_literal(millrace.utc_of(millrace.calendar_back(millrace.local_now(zone), count, unit), zone))) }}
{%- endmacro %}
