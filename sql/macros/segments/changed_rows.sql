{#-
  What a column says in rows for which one of the conditions holds, or in all rows, where everybody must be evaluated again: each value
  once, none null.

  source: a relation, `source` in the conditions (SQL). last: as `last_evaluation` tells.
-#}
{% macro changed_rows(source, column, last, conditions) -%}
  {%- if last.everybody -%}
select distinct source.{{ column }}
from {{ source }} as source
where source.{{ column }} is not null
  {%- else -%}
    {{ return(adapter.dispatch('changed_rows', 'millrace')(source, column, conditions)) }}
  {%- endif -%}
{%- endmacro %}

{% macro default__changed_rows(source, column, conditions) -%}
select distinct source.{{ column }}
from {{ source }} as source
where
    source.{{ column }} is not null
    and (
        {{ conditions | join('\n        or ') }}
    )
{%- endmacro %}

{#- DuckDB: a scan for each condition skips whatever lies outside its range of time; one scan with `or` reads everything. -#}
{% macro duckdb__changed_rows(source, column, conditions) -%}
select distinct changed_rows.{{ column }}
from (
{%- for condition in conditions %}
    select source.{{ column }} from {{ source }} as source where {{ condition }}
    {%- if not loop.last %} union all{% endif %}
{%- endfor %}
) as changed_rows
where changed_rows.{{ column }} is not null
{%- endmacro %}
