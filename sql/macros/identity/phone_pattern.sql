{#-
  What the digits of a telephone number, country first, must look like: a regular expression. E.164 allows 15 digits, and fewer than eight are nobody's own.
  Of the countries that `calling_code` lists the national lengths of fixed lines and mobiles are known: they are those of libphonenumber 9.0.43, which has
  them from the countries' own plans as ITU publishes them. In the North American plan (1) neither area nor exchange begins with 0 or 1.
-#}
{% macro phone_pattern() -%}
  {#- Fewest and most digits after the code, and the codes. Mexico (52) wrote a 1 before mobiles until 2019. -#}
  {%- set lengths = [
    [4, 11, ['352']], [4, 13, ['43']], [5, 9, ['27']], [5, 10, ['358', '82']], [5, 13, ['49']], [6, 9, ['359', '40', '421']], [6, 10, ['63']],
    [6, 12, ['39']], [7, 8, ['372']], [7, 9, ['354', '254', '48', '46']], [7, 10, ['353']], [7, 11, ['86']], [7, 12, ['62', '381']],
    [8, 8, ['357', '45', '852', '370', '371', '356', '47', '65', '386']], [8, 9, ['971', '32', '385', '36', '51', '66', '886']],
    [8, 10, ['57', '20', '60', '64']], [8, 12, ['972']], [9, 9, ['61', '41', '56', '420', '34', '33', '212', '351', '966', '380']],
    [9, 10, ['44', '81', '92', '84']], [9, 11, ['31']], [10, 10, ['30', '91', '234', '7', '90']], [10, 11, ['52', '54', '55']]
  ] -%}
  {%- set codes = ['1'] -%}
  {%- set ways = ['1[2-9][0-9]{2}[2-9][0-9]{6}'] -%}
  {%- for fewest, most, alike in lengths -%}
    {%- for code in alike -%}
      {%- do codes.append(code) -%}
      {%- do ways.append(code ~ '[0-9]{' ~ [fewest, 8 - code | length] | max ~ ',' ~ most ~ '}') -%}
    {%- endfor -%}
  {%- endfor -%}
  {#- Every other country: the beginnings that no listed code has. -#}
  {%- set begun = [''] -%}
  {%- for code in codes -%}
    {%- for size in range(1, code | length) if code[:size] not in begun -%}
      {%- do begun.append(code[:size]) -%}
    {%- endfor -%}
  {%- endfor -%}
  {%- for beginning in begun -%}
    {%- set free = [] -%}
    {%- for digit in '0123456789' if beginning ~ digit not in begun and beginning ~ digit not in codes and beginning ~ digit != '0' -%}
      {%- do free.append(digit) -%}
    {%- endfor -%}
    {%- if free | length > 0 -%}
      {%- do ways.append(beginning ~ '[' ~ free | join ~ '][0-9]{' ~ (7 - beginning | length) ~ ',' ~ (14 - beginning | length) ~ '}') -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return('^(' ~ ways | join('|') ~ ')$') }}
{%- endmacro %}
