{#-
  The profiles that are evaluated again, each once: what follows `select`, over rows with profile_id. last: as `last_evaluation` tells.
-#}
{% macro affected_once(last) -%}
  {{ return(adapter.dispatch('affected_once', 'millrace')(last)) }}
{%- endmacro %}

{% macro default__affected_once(last) -%}
distinct profile_id
{%- endmacro %}

{#-
  DuckDB takes a fifth of the rows for what a range keeps, and so the affected of a day for more than the events they are held against: it
  would make its hash table of the events. A list that is spread again it takes for one row. Everybody's would be a list too long to hold.
-#}
{% macro duckdb__affected_once(last) -%}
  {%- if last.everybody -%}
distinct profile_id
  {%- else -%}
unnest(list(distinct profile_id)) as profile_id
  {%- endif -%}
{%- endmacro %}
