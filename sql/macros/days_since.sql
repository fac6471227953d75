{#- Whole days of the calendar from a UTC timestamp to the run's instant. -#}
{% macro days_since(expression, zone='UTC') -%}
  {{ millrace.days_between(millrace.local_date(expression, zone), millrace.day_ago(0, 'day', zone)) }}
{%- endmacro %}
