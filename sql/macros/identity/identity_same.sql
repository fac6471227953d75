{#-
  Whether two columns are equal (1 or 0), as a filter of what other columns join. Said plainly, DuckDB joins by it first: all pairs of a cluster, or by `<>`
  all pairs there are, which made a contraction of 7,500 edges take 7 s.
-#}
{% macro identity_same(a, b) -%}
  case when {{ a }} = {{ b }} then 1 else 0 end
{%- endmacro %}
