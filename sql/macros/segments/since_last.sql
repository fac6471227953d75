{#- Rows at or after the last evaluation, less some hours. -#}
{% macro since_last(at, last, hours=0) -%}
  {%- set instant = modules.datetime.datetime.strptime(last.at, '%Y-%m-%d %H:%M:%S.%f') -%}
  {{ return(at ~ ' >= ' ~ millrace.timestamp_literal(instant - modules.datetime.timedelta(hours=hours))) }}
{%- endmacro %}
