{#- Rows of a query that changes nothing, counted as a statement of the stage `read`. -#}
{% macro identity_read(query) -%}
  {%- do millrace.identity_note_step('read') -%}
  {{ return(run_query(query)) }}
{%- endmacro %}
