{#-
  A query in which instants stand in words, `[18 days ago]` and `[now]`, with what they are this time:

    {% call millrace.at_instants('Europe/London') %} select … where bought_at >= [18 days ago] {% endcall %}

  A model that names hundreds of instants is one text to dbt's parser this way, and each of them is reckoned once.
-#}
{% macro at_instants(zone) -%}
  {%- if not execute %}{{ return(caller()) }}{% endif -%}
  {%- set known = {} -%}
  {%- set pieces = [] -%}
  {#- every second piece is what stood in brackets -#}
  {%- for piece in modules.re.split('\\[((?:\\d+ (?:minute|hour|day|week|month|year)s? ago)|now)\\]', caller()) -%}
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
