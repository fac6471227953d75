{#- Tells the planner about tables that a run has filled: what reads the published views joins them in the same build. Nothing where engines know by themselves. -#}
{% macro identity_statistics(tables) -%}
  {{ return(adapter.dispatch('identity_statistics', 'millrace')(tables)) }}
{%- endmacro %}

{% macro default__identity_statistics(tables) -%}{%- endmacro %}

{#- Autovacuum comes a minute later; a join of 20,000 orders to their profiles took 50 s until then. -#}
{% macro postgres__identity_statistics(tables) -%}
  {%- for table in tables -%}
    {%- do millrace.identity_step('statistics', 'analyze ' ~ table) -%}
  {%- endfor -%}
{%- endmacro %}
