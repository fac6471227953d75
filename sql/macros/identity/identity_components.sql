{#-
  Connected components: makes a working table (id, label), where label is the least id of the component, for every id of
  `edges` (a, b: integers) or, where given, of `vertices` (id), among which all ends of edges are. The labels are the same in every run. Returns
  {'table', 'rounds'}. `known`: how many edges there are, where the caller knows.

  Each round hooks every vertex to its least smaller neighbour, follows these pointers three at a time, and contracts the edges. Pointers
  only ever lead to smaller ids, so they make a forest. A map holds only what moved: who is missing in it stays. A round that kept more than
  60 % of the edges shows ids in an order that stalls (a path numbered along its way): from then on chains are cut (`identity_hook`), and where
  cutting stalls too, one round jumps to the roots. The rounds' maps are composed once at the end, from the last. Without
  `distinct` after contracting, hubs cost tenfold. See ADR 0060; where the engine runs the loop itself, ADR 0065.
-#}
{% macro identity_components(schema_of, edges, into, vertices=none, known=none) -%}
  {%- if vertices is none -%}
    {%- set vertices = '(select a as id from ' ~ edges ~ ' union distinct select b as id from ' ~ edges ~ ')' -%}
  {%- endif -%}
  {%- set loop_by = var('millrace_identity_loop', 'statements') -%}
  {%- if loop_by == 'script' -%}
    {{ return(millrace.identity_components_by_script(schema_of, edges, into, vertices)) }}
  {%- elif loop_by != 'statements' -%}
    {%- do exceptions.raise_compiler_error('millrace_identity_loop is ' ~ loop_by ~ ': say statements or script') -%}
  {%- endif -%}
  {{ return(millrace.identity_components_by_statements(schema_of, edges, into, vertices, known)) }}
{%- endmacro %}

{% macro identity_components_by_statements(schema_of, edges, into, vertices, known) -%}
  {%- set state = namespace(edges=edges, before=known, done=false, maps=[], how='plain') -%}
  {%- set scratch = into ~ '_cc' -%}
  {%- set rule = millrace.identity_component_rule() -%}
  {%- if known is none -%}
    {%- set state.before = millrace.identity_count('select count(*) from ' ~ edges ~ ' where a <> b') -%}
  {%- endif -%}
  {%- for round in range(rule['most_rounds']) if not state.done -%}
    {%- if state.before == 0 -%}
      {%- set state.done = true -%}
    {%- else -%}
      {%- set how = 'cut' if state.how == 'cut' else 'whole' -%}
      {%- set map = millrace.identity_scratch(schema_of, scratch ~ '_map' ~ round, millrace.identity_hook(state.edges, how), how ~ ' hook') -%}
      {%- if state.how == 'roots' -%}
        {%- set map = millrace.identity_jump_to_roots(schema_of, map, scratch, round) -%}
      {%- endif -%}
      {%- do state.maps.append(map) -%}
      {%- set made = millrace.identity_scratch_counted(schema_of, scratch ~ '_e' ~ (round % 2), millrace.identity_contract(state.edges, map), 'contract') -%}
      {%- set state.edges = made['table'] -%}
      {%- set state.how = rule['stalled' if made['rows'] > rule['keeps'] * state.before else 'went_on'][state.how] -%}
      {%- set state.before = made['rows'] -%}
    {%- endif -%}
  {%- endfor -%}
  {%- if not state.done and state.before > 0 -%}
    {%- do millrace.identity_components_endless() -%}
  {%- endif -%}
  {%- set table = millrace.identity_scratch(schema_of, into, millrace.identity_compose(state.maps, vertices), 'compose') -%}
  {%- for map in state.maps -%}
    {%- do millrace.identity_scratch_drop(map) -%}
  {%- endfor -%}
  {{ return({'table': table, 'rounds': state.maps | length}) }}
{%- endmacro %}

{#- Follows the pointers, three more at a time, until every one is at its root. -#}
{% macro identity_jump_to_roots(schema_of, map, scratch, round) -%}
  {%- set state = namespace(map=map, done=false) -%}
  {%- for pass in range(64) if not state.done -%}
    {%- set next = millrace.identity_scratch(schema_of, scratch ~ '_jump' ~ round ~ '_' ~ pass, millrace.identity_jump(state.map), 'jump') -%}
    {%- set on_their_way = millrace.identity_count(millrace.identity_on_their_way(next)) -%}
    {%- do millrace.identity_scratch_drop(state.map) -%}
    {%- set state.map = next -%}
    {%- set state.done = on_their_way == 0 -%}
  {%- endfor -%}
  {{ return(state.map) }}
{%- endmacro %}

{#- The labels in one statement, which reads each map once. -#}
{% macro identity_compose(maps, vertices) -%}
  {%- set last = maps | length - 1 -%}
  {%- for round in range(last, 0, -1) -%}
    {{ 'with ' if round == last else ', ' }}from{{ round }} as (
      {{- millrace.identity_compose_map(maps[round], 'from' ~ (round + 1) if round < last else none) -}}
    )
  {%- endfor %}
  {{ millrace.identity_compose_labels(maps[0] if maps else none, 'from1' if last > 0 else none, vertices) }}
{%- endmacro %}

{% macro identity_components_endless() -%}
  {%- do exceptions.raise_compiler_error('connected components did not end after ' ~ millrace.identity_component_rule()['most_rounds'] ~ ' rounds') -%}
{%- endmacro %}
