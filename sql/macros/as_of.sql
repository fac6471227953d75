{#-
  The instant a build stands at, as a UTC timestamp without a zone: `where ordered_at < {{ millrace.as_of() }}`.

  Millrace sets MILLRACE_AS_OF once per run. Under plain dbt it is the start of the dbt invocation.
  The variable is read only while dbt executes: read while dbt parses, every new value would make it parse the models
  again (and `--vars` would make it parse the whole project again). Nothing runs what dbt renders then, so the macros that
  reckon an instant say only `null`: counts of a thousand patterns name two thousand of them.
-#}
{% macro as_of() -%}
  {%- if not execute %}{{ return("null") }}{% endif -%}
  {{ return(adapter.dispatch('as_of', 'millrace')()) }}
{%- endmacro %}

{% macro default__as_of() -%}
  {{ return(millrace.instant_literal(millrace.as_of_text())) }}
{%- endmacro %}
