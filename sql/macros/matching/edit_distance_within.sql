{#-
  Whether two texts become one by at most `most` insertions, deletions and replacements of a character (Levenshtein).
  Engines are asked "at most" where they can be: they stop counting early.
-#}
{% macro edit_distance_within(left_text, right_text, most) -%}
  {{ return(adapter.dispatch('edit_distance_within', 'millrace')(left_text, right_text, most)) }}
{%- endmacro %}

{% macro default__edit_distance_within(left_text, right_text, most) -%}
  levenshtein({{ left_text }}, {{ right_text }}) <= {{ most }}
{%- endmacro %}

{#- fuzzystrmatch refuses texts of more than 255 characters: their beginnings are compared. -#}
{% macro postgres__edit_distance_within(left_text, right_text, most) -%}
  levenshtein_less_equal(left({{ left_text }}, 255), left({{ right_text }}, 255), cast({{ most }} as integer)) <= {{ most }}
{%- endmacro %}

{#- Snowflake's name for it. What is farther than the bound is told as the bound itself, which is therefore one more than what is asked. -#}
{% macro snowflake__edit_distance_within(left_text, right_text, most) -%}
  editdistance({{ left_text }}, {{ right_text }}, cast({{ most }} as integer) + 1) <= {{ most }}
{%- endmacro %}

{#- BigQuery's name for it; its bound is told likewise. -#}
{% macro bigquery__edit_distance_within(left_text, right_text, most) -%}
  edit_distance({{ left_text }}, {{ right_text }}, max_distance => cast({{ most }} as int64) + 1) <= {{ most }}
{%- endmacro %}
