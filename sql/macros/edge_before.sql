{#-
  No later than where the edge of a window stood at an earlier instant (SQL): that instant less the window's length now, and one day, or four,
  for what the calendar may move (clocks by an hour; months differ by three days).
-#}
{% macro edge_before(count, unit, zone, instant) -%}
  {%- set now = modules.datetime.datetime.strptime(millrace.as_of_text(), '%Y-%m-%d %H:%M:%S.%f') -%}
  {%- if unit == 'minute' or unit == 'hour' -%}
    {%- set minutes = count * (60 if unit == 'hour' else 1) -%}
    {{ return(millrace.instant_plus(-minutes, 'minute', instant)) }}
  {%- endif -%}
  {%- set edge = millrace.utc_of(millrace.calendar_back(millrace.local_now(zone), count, unit), zone) -%}
  {%- set margin = 4 if unit == 'month' or unit == 'year' else 1 -%}
  {{ return(millrace.instant_plus(-((now - edge).days + 1 + margin), 'day', instant)) }}
{%- endmacro %}
