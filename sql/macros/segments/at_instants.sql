{#-
  A query in which instants stand in words, `[18 days ago]` and `[now]`, with what they are this time, and models by their names:

    {% call millrace.at_instants('Europe/London', {'purchases': ref('purchases')}) %} select … from [purchases] where bought_at >= [18 days ago] {% endcall %}

  A model that names hundreds of them is one text to dbt's parser this way, and each instant is reckoned once.
-#}
{% macro at_instants(zone, models={}) -%}
  {%- if not execute %}{{ return(caller()) }}{% endif -%}
  {%- set known = dict(models) -%}
  {%- set in_brackets = ['now', '\\d+ (?:minute|hour|day|week|month|year)s? ago'] + models | list -%}
  {%- set pieces = [] -%}
  {#- every second piece is what stood in brackets -#}
  {%- for piece in modules.re.split('\\[(' ~ in_brackets | join('|') ~ ')\\]', caller()) -%}
    {%- if loop.index0 % 2 == 0 -%}
      {%- do pieces.append(piece) -%}
    {%- else -%}
      {%- if piece not in known -%}
        {%- set words = piece.split(' ') -%}
        {%- do known.update({piece: millrace.as_of() if piece == 'now' else millrace.ago(words[0] | int, words[1].rstrip('s'), zone)}) -%}
      {%- endif -%}
      {%- do pieces.append(known[piece]) -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return(pieces | join) }}
{%- endmacro %}
