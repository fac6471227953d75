{#- The instant so long before the run's. Minutes and hours are exact; days and longer keep the clock time of the zone. -#}
{% macro ago(count, unit, zone='UTC') -%}
  {%- if not execute %}{{ return("null") }}{% endif -%}
  {{ return(millrace.timestamp_literal(millrace.instant_ago(count, unit, zone))) }}
{%- endmacro %}

{#- The same as a value of Jinja; before another instant than the run's, if `instant` gives one as text. -#}
{% macro instant_ago(count, unit, zone='UTC', instant=none) -%}
  {%- set text = millrace.as_of_text() if instant is none else instant -%}
  {%- set from = modules.datetime.datetime.strptime(text, '%Y-%m-%d %H:%M:%S.%f') -%}
  {%- if unit == 'minute' or unit == 'hour' -%}
    {{ return(from - modules.datetime.timedelta(minutes=count * (60 if unit == 'hour' else 1))) }}
  {%- endif -%}
  {%- set local = modules.pytz.utc.localize(from).astimezone(modules.pytz.timezone(zone)).replace(tzinfo=none) -%}
  {{ return(millrace.utc_of(millrace.calendar_back(local, count, unit), zone)) }}
{%- endmacro %}
