{#-
  A date as eight digits, year first, whatever it was written with: 1956-04-09, 1956-04-09 10:00, 19560409, 9.4.1956 and
  09/04/1956 give 19560409. Of two numbers before the year the first is the day, unless only the second can be one. Digits
  that make no date (13 months) stay, to be compared; fewer than seven digits, or more than eight, are nothing: NULL.
-#}
{% macro date_digits(expression) -%}
  {{ return(adapter.dispatch('date_digits', 'millrace')(expression)) }}
{%- endmacro %}

{% macro default__date_digits(expression) -%}
  {%- set text = 'trim(cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ '))' -%}
  {%- set parts = millrace.regexp_replace_all(text, '[/. ]+', '-') -%}
  {%- set first = "lpad(" ~ dbt.split_part(parts, "'-'", 1) ~ ", 2, '0')" -%}
  {%- set second = "lpad(" ~ dbt.split_part(parts, "'-'", 2) ~ ", 2, '0')" -%}
  {%- set year = dbt.split_part(parts, "'-'", 3) -%}
  {%- set digits = millrace.regexp_replace_all('left(' ~ text ~ ', 10)', '[^0-9]+', '') -%}
  case
    when {{ millrace.matches_pattern(parts, '^[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}$') }} then
      case
        when {{ second }} > '12' and {{ first }} <= '12' then {{ year }} || {{ first }} || {{ second }}
        else {{ year }} || {{ second }} || {{ first }}
      end
    when length({{ digits }}) in (7, 8) then {{ digits }}
  end
{%- endmacro %}
