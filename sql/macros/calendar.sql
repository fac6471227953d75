{#-
  The project's calendar, reckoned while dbt renders: every engine gets the same constant, whatever it knows of time zones.

  `local_now` is the run's instant on the clocks of a time zone; `utc_of` turns clock time back. A clock time that does not exist (an
  hour skipped in spring) or exists twice (autumn) is read as standard time.
-#}
{% macro local_now(zone) -%}
  {%- set instant = modules.datetime.datetime.strptime(millrace.as_of_text(), '%Y-%m-%d %H:%M:%S.%f') -%}
  {{ return(modules.pytz.utc.localize(instant).astimezone(modules.pytz.timezone(zone)).replace(tzinfo=none)) }}
{%- endmacro %}

{% macro utc_of(local, zone) -%}
  {{ return(modules.pytz.timezone(zone).localize(local, is_dst=false).astimezone(modules.pytz.utc).replace(tzinfo=none)) }}
{%- endmacro %}

{#- So many units earlier on the calendar: a day before is the same clock time, a month before the same day or the month's last. -#}
{% macro calendar_back(local, count, unit) -%}
  {%- if unit == 'day' or unit == 'week' -%}
    {{ return(local - modules.datetime.timedelta(days=count * (7 if unit == 'week' else 1))) }}
  {%- endif -%}
  {%- set months = local.year * 12 + local.month - 1 - count * (12 if unit == 'year' else 1) -%}
  {%- set first = local.replace(year=months // 12, month=months % 12 + 1, day=1) -%}
  {%- set next = (first + modules.datetime.timedelta(days=31)).replace(day=1) -%}
  {%- set last = (next - modules.datetime.timedelta(days=1)).day -%}
  {{ return(first.replace(day=[local.day, last] | min)) }}
{%- endmacro %}

{% macro timestamp_literal(instant) -%}
  {{ return(millrace.instant_literal(instant.strftime('%Y-%m-%d %H:%M:%S.%f'))) }}
{%- endmacro %}
