{#- A date as 1956-04-09; what is no date, a month 13 or a day 32 among them, is NULL. See `date_digits` for what is read. -#}
{% macro normalise_date(expression) -%}
  {{ return(adapter.dispatch('normalise_date', 'millrace')(expression)) }}
{%- endmacro %}

{% macro default__normalise_date(expression) -%}
  {%- set digits = '(' ~ millrace.date_digits(expression) ~ ')' -%}
  case
    when {{ millrace.matches_pattern(digits, '^[0-9]{4}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])$') }}
      then left({{ digits }}, 4) || '-' || substring({{ digits }}, 5, 2) || '-' || substring({{ digits }}, 7, 2)
  end
{%- endmacro %}
