{#- The instant a build stands at, as UTC text with microseconds: what `as_of` casts and the calendar macros reckon from. -#}
{% macro as_of_text() -%}
  {%- set instant = run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') -%}
  {%- if execute -%}
    {%- set instant = env_var('MILLRACE_AS_OF', instant) -%}
  {%- endif -%}
  {{ return(instant) }}
{%- endmacro %}
