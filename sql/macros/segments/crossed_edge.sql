{#-
  Rows over which the edge of a window moved between the last evaluation and this one. The clock of the zone may be turned back
  between two builds, and the edge with it: then rows come back into the window.
-#}
{% macro crossed_edge(at, count, unit, zone, last) -%}
  {%- set edges = [millrace.instant_ago(count, unit, zone, last.at), millrace.instant_ago(count, unit, zone)] | sort -%}
  {{ return(at ~ ' >= ' ~ millrace.timestamp_literal(edges[0]) ~ ' and ' ~ at ~ ' < ' ~ millrace.timestamp_literal(edges[1])) }}
{%- endmacro %}
