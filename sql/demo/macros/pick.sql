{#- One of the choices, by a number expression that counts from 0. -#}
{% macro pick(choices, index) -%}
    case {{ index }}
        {%- for choice in choices %}
        when {{ loop.index0 }} then {{ dbt.string_literal(dbt.escape_single_quotes(choice)) }}
        {%- endfor %}
    end
{%- endmacro %}
