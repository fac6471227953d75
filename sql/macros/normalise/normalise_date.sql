{#- A date as 1956-04-09; what is no date, a month 13 or the 30th of February among them, is NULL. See `date_digits` for what is read. -#}
{% macro normalise_date(expression) -%}
  {{ return(adapter.dispatch('normalise_date', 'millrace')(expression)) }}
{%- endmacro %}

{% macro default__normalise_date(expression) -%}
  {%- set digits = '(' ~ millrace.date_digits(expression) ~ ')' -%}
  case
    when {{ millrace.matches_pattern(digits, '^[0-9]{4}((0[13578]|1[02])(0[1-9]|[12][0-9]|3[01])|(0[469]|11)(0[1-9]|[12][0-9]|30)|02(0[1-9]|1[0-9]|2[0-8]))$|^([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)0229$') }}
      then left({{ digits }}, 4) || '-' || substring({{ digits }}, 5, 2) || '-' || substring({{ digits }}, 7, 2)
  end
{%- endmacro %}
