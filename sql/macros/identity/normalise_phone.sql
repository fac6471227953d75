{#-
  A telephone number as +digits (E.164), or NULL where it is none: letters, or fewer or more digits than its country's numbers have (`phone_pattern`). A number without + or 00 is
  one of `country`. An extension is left out; a trunk digit in brackets, as in +44 (0)20, too, and one of `country` without them.
  Numbers of the North American plan (+1) have ten digits: a local one without its area is everybody's.
-#}
{% macro normalise_phone(expression, country) -%}
  {{ return(adapter.dispatch('normalise_phone', 'millrace')(expression, country)) }}
{%- endmacro %}

{% macro default__normalise_phone(expression, country) -%}
  {%- set of = millrace.calling_code(country) -%}
  {%- set written = "regexp_replace(replace(lower(" ~ millrace.normalise_text(expression) ~ "), '(0)', ''), '[ ,;]*(x|ext(ension|[.])?|#)[ :=]*[0-9]+$', '')" -%}
  {%- set digits = millrace.digits_of(written) -%}
  {%- set number %}
    case
      {%- if of['trunk'] == '0' %}
      when {{ written }} like '+%' and {{ digits }} like '{{ of["code"] }}0%' then '{{ of["code"] }}' || substring({{ digits }}, {{ of['code'] | length + 2 }})
      when {{ digits }} like '00{{ of["code"] }}0%' then '{{ of["code"] }}' || substring({{ digits }}, {{ of['code'] | length + 4 }})
      {%- endif %}
      when {{ written }} like '+%' then {{ digits }}
      when {{ digits }} like '00%' then substring({{ digits }}, 3)
      {%- if of['code'] == '1' %}
      when {{ digits }} like '011%' then substring({{ digits }}, 4)
      {%- endif %}
      {%- if of['trunk'] != '' %}
      when {{ digits }} like '{{ of["trunk"] }}%' then '{{ of["code"] }}' || substring({{ digits }}, {{ of['trunk'] | length + 1 }})
      {%- endif %}
      else '{{ of["code"] }}' || {{ digits }}
    end
  {%- endset -%}
  case when {{ millrace.matches_pattern(written, '^[+]?[0-9 ()./-]+$') }} and {{ millrace.matches_pattern(number, millrace.phone_pattern()) }} then '+' || {{ number }} end
{%- endmacro %}
