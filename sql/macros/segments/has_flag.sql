{#- Whether a number has a bit set, which is a power of two. -#}
{% macro has_flag(flags, bit) -%}
  {{ return(adapter.dispatch('has_flag', 'millrace')(flags, bit)) }}
{%- endmacro %}

{% macro default__has_flag(flags, bit) -%}
({{ flags }} & {{ bit }}) <> 0
{%- endmacro %}

{#- Snowflake has no operator for it. -#}
{% macro snowflake__has_flag(flags, bit) -%}
bitand({{ flags }}, {{ bit }}) <> 0
{%- endmacro %}
