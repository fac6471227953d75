{#-
  What each segment says, as a hash, and which bit of which column of `segment_flags` is its: {segment: {says, column, bit}}.

  definitions: JSON, {column: {segment: says}}, the segments of a column in the order of their bits. One text for dbt's parser, which
  takes a value of a thousand parts apart by itself; and a new segment moves few others.
-#}
{% macro flag_definitions(definitions) -%}
  {%- set each = {} -%}
  {%- if execute -%}
    {%- for column, segments in fromjson(definitions).items() -%}
      {%- for segment, says in segments.items() -%}
        {%- do each.update({segment: {'says': says, 'column': column, 'bit': 2 ** loop.index0}}) -%}
      {%- endfor -%}
    {%- endfor -%}
  {%- endif -%}
  {{ return(each) }}
{%- endmacro %}
