{#- The day of a UTC timestamp without a zone, on the calendar of a time zone. A date is that day in every zone. -#}
{% macro local_date(expression, zone='UTC') -%}
  {%- if zone == 'UTC' -%}
    cast({{ expression }} as date)
  {%- else -%}
    case
        when {{ millrace.is_date(expression) }} then cast({{ expression }} as date)
        else {{ adapter.dispatch('local_date', 'millrace')(expression, zone) }}
    end
  {%- endif -%}
{%- endmacro %}

{% macro default__local_date(expression, zone) -%}
  cast(cast({{ expression }} as timestamp) at time zone 'UTC' at time zone '{{ zone }}' as date)
{%- endmacro %}

{#- Snowflake has no AT TIME ZONE. -#}
{% macro snowflake__local_date(expression, zone) -%}
  to_date(convert_timezone('UTC', '{{ zone }}', to_timestamp_ntz({{ expression }})))
{%- endmacro %}

{#- BigQuery's timestamp is an instant already. -#}
{% macro bigquery__local_date(expression, zone) -%}
  date(cast({{ expression }} as timestamp), '{{ zone }}')
{%- endmacro %}
