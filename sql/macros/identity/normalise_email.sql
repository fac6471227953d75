{#-
  An email address in lower case, or NULL where it is none. Letters that only look like a–z make it none.
  drop_dots: Gmail reads an address with and without dots as one; drop_tag: `ann+shop@…` is `ann@…`.
-#}
{% macro normalise_email(expression, drop_dots=false, drop_tag=false) -%}
  {{ return(adapter.dispatch('normalise_email', 'millrace')(expression, drop_dots, drop_tag)) }}
{%- endmacro %}

{% macro default__normalise_email(expression, drop_dots=false, drop_tag=false) -%}
  {%- set value = 'lower(' ~ millrace.normalise_text(expression) ~ ')' -%}
  {%- if drop_tag -%}
    {%- set value = "regexp_replace(" ~ value ~ ", '[+][^@]*@', '@')" -%}
  {%- endif -%}
  {%- if drop_dots -%}
    {%- set value = "case when " ~ value ~ " like '%@gmail.com' or " ~ value ~ " like '%@googlemail.com' then replace("
      ~ dbt.split_part(value, "'@'", 1) ~ ", '.', '') || '@gmail.com' else " ~ value ~ " end" -%}
  {%- endif -%}
  case when {{ millrace.matches_pattern(value, "^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@([a-z0-9]([a-z0-9-]*[a-z0-9])?[.])+[a-z][a-z0-9-]*[a-z0-9]$") }} then {{ value }} end
{%- endmacro %}
