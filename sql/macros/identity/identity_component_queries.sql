{#- What a round of the components does, as queries: the loop of statements and the scripts are both made of these, and of this rule. -#}
{% macro identity_component_rule() -%}
  {{ return({
    'most_rounds': 200,
    'keeps': 0.6,
    'stalled': {'plain': 'cut', 'cut': 'roots', 'roots': 'plain'},
    'went_on': {'plain': 'plain', 'cut': 'cut', 'roots': 'plain'}
  }) }}
{%- endmacro %}

{#-
  (id, rep): every vertex with a smaller neighbour, and where three pointers lead. Pointers are edges, so however many are followed, what was connected is.

  `cut` first takes away the pointers at which a chain's colours do not rise, after Cole and Vishkin (Deterministic coin tossing, 1986): a vertex's colour is the lowest
  base-4 digit in which it differs from what it points to. What is left of a chain numbered along its way are pieces of four, and three pointers
  reach their roots, where to reach the whole chain's takes a dozen passes over all of it.
-#}
{% macro identity_hook(edges, how) %}
    with hooked as (
      select case when a < b then b else a end as id, min(case when a < b then a else b end) as rep
      from {{ edges }}
      where a <> b
      group by 1
    ){%- if how == 'cut' %},
    coloured as (
      select id, rep, {{ millrace.identity_colour('id', 'rep') }} as colour from hooked
    ),
    pointer as (
      select c.id, c.rep
      from coloured as c
      left join coloured as further on further.id = c.rep
      where further.id is null or c.colour > further.colour
    )
    {%- endif %}
    {{- millrace.identity_jump('pointer' if how == 'cut' else 'hooked') }}
{%- endmacro %}

{#- Position and value of the lowest base-4 digit in which two ids differ, as one number; of ids that agree in twelve digits the id. -#}
{% macro identity_colour(id, rep) -%}
  case
    {%- for digits in range(1, 13) %}
    when mod({{ id }}, {{ 4 ** digits }}) <> mod({{ rep }}, {{ 4 ** digits }}) then mod({{ id }}, {{ 4 ** digits }}) + {{ 2 * 4 ** digits }}
    {%- endfor %}
    else {{ id }} + {{ 4 ** 14 }}
  end
{%- endmacro %}

{#- The map with its pointers followed twice more. -#}
{% macro identity_jump(map) %}
    select p.id, coalesce(third.rep, further.rep, p.rep) as rep
    from {{ map }} as p
    left join {{ map }} as further on further.id = p.rep
    left join {{ map }} as third on third.id = further.rep
{%- endmacro %}

{#- How many pointers are not at their root: a map holds no root, so who finds nothing has arrived. -#}
{% macro identity_on_their_way(map) -%}
  select count(*) from {{ map }} as p inner join {{ map }} as further on further.id = p.rep
{%- endmacro %}

{#- The edges between what the map's vertices became. -#}
{% macro identity_contract(edges, map) %}
    select distinct
      case when a_rep < b_rep then a_rep else b_rep end as a,
      case when a_rep < b_rep then b_rep else a_rep end as b
    from (
      select coalesce(x.rep, e.a) as a_rep, coalesce(y.rep, e.b) as b_rep
      from {{ edges }} as e
      left join {{ map }} as x on x.id = e.a
      left join {{ map }} as y on y.id = e.b
    ) as moved
    where a_rep <> b_rep
{%- endmacro %}

{#- A round's map and all later ones as one map: where this one leads, and for who it does not move, where the later ones do. -#}
{% macro identity_compose_map(map, later) -%}
  {%- if later is none %}
    select id, rep from {{ map }}
  {%- else %}
    select m.id, coalesce(later.rep, m.rep) as rep
    from {{ map }} as m
    left join {{ later }} as later on later.id = m.rep
    union all
    select later.id, later.rep
    from {{ later }} as later
    where not exists (select 1 from {{ map }} as m where m.id = later.id)
  {%- endif %}
{%- endmacro %}

{#- The label of every vertex: where the first round's map leads, or the vertex itself, and where all later ones lead from there. -#}
{% macro identity_compose_labels(first, later, vertices) -%}
  {%- set moved %}
    {%- if first is none -%}
      select id, id as rep from {{ vertices }} as v
    {%- else -%}
      select id, rep from {{ first }} as m
      union all
      select v.id, v.id as rep from {{ vertices }} as v where not exists (select 1 from {{ first }} as m where m.id = v.id)
    {%- endif %}
  {%- endset -%}
    select p.id, {{ 'p.rep' if later is none else 'coalesce(later.rep, p.rep)' }} as label
    from ({{ moved }}) as p
    {%- if later is not none %}
    left join {{ later }} as later on later.id = p.rep
    {%- endif %}
{%- endmacro %}
