{#-
  The number of the first build of `segment_flags`: the second it began in, times 10^8; later builds count on from there. So no build of a
  table that was dropped, refreshed or restored is taken for one of the table before.
-#}
{% macro first_flags_build() -%}
  {{ return((run_started_at.timestamp() | int) * 100000000) }}
{%- endmacro %}
