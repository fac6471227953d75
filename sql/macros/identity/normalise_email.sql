{#-
  An email address in lower case, or NULL where it is none. Letters that only look like a–z make it none.
  drop_dots: Gmail reads an address with and without dots as one; drop_tag: `ann+shop@…` is `ann@…`.
-#}
{% macro normalise_email(expression, drop_dots=false, drop_tag=false) -%}
  {{ return(adapter.dispatch('normalise_email', 'millrace')(expression, drop_dots, drop_tag)) }}
{%- endmacro %}

{#- Lower case only once every letter is known to be one of A–Z: engines make an i of İ and a k of the Kelvin sign. -#}
{% macro default__normalise_email(expression, drop_dots=false, drop_tag=false) -%}
  {%- set value = millrace.normalise_text(expression) -%}
  {%- if drop_tag -%}
    {%- set value = "regexp_replace(" ~ value ~ ", '[+][^@]*@', '@')" -%}
  {%- endif -%}
  {%- if drop_dots -%}
    {%- set value = "case when " ~ millrace.matches_pattern(value, '@[Gg]([Oo][Oo][Gg][Ll][Ee])?[Mm][Aa][Ii][Ll][.][Cc][Oo][Mm]$') ~ " then replace("
      ~ dbt.split_part(value, "'@'", 1) ~ ", '.', '') || '@gmail.com' else " ~ value ~ " end" -%}
  {%- endif -%}
  case when {{ millrace.matches_pattern(value, "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?[.])+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$") }} then lower({{ value }}) end
{%- endmacro %}
