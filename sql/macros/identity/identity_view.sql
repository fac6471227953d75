{#- The query of a published table: what is open at the pointer's run. -#}
{% macro identity_view(name, here) -%}
  {%- set at = '(select max(run) from ' ~ millrace.identity_state(here, 'state_pointer') ~ ')' -%}
  {%- set state = {} -%}
  {%- for table in ['dictionary', 'state_run', 'state_record', 'state_observation', 'state_status', 'state_edge', 'state_cluster', 'state_violation', 'state_component', 'state_profile', 'state_lineage'] -%}
    {%- do state.update({table: millrace.identity_state(here, table) | string}) -%}
  {%- endfor -%}
  {%- set views = {
    'identifier': millrace.identity_view_identifier,
    'identity_edge': millrace.identity_view_identity_edge,
    'identity_component': millrace.identity_view_identity_component,
    'identifier_profile_history': millrace.identity_view_identifier_profile_history,
    'profile': millrace.identity_view_profile,
    'profile_alias': millrace.identity_view_profile_alias,
    'profile_lineage': millrace.identity_view_profile_lineage,
    'profile_change': millrace.identity_view_profile_change,
    'identity_violation': millrace.identity_view_identity_violation
  } -%}
  {{ return(views[name](state, at)) }}
{%- endmacro %}

{#- Is a row of this alias published? -#}
{% macro identity_is_open(alias, at) -%}
  {{ alias }}.from_run <= {{ at }} and ({{ alias }}.to_run is null or {{ alias }}.to_run > {{ at }})
{%- endmacro %}

{#- The published rows of a table, to be joined: BigQuery takes no subquery in the condition of a join. -#}
{% macro identity_open_rows(table, at) -%}
  (select * from {{ table }} where from_run <= {{ at }} and (to_run is null or to_run > {{ at }}))
{%- endmacro %}

{% macro identity_view_identifier(state, at) -%}
select d.namespace, d.value, coalesce(max(s.guard), 'active') as status, min(o.seen_at) as first_seen, max(o.seen_at) as last_seen, count(distinct o.record_id) as records
from {{ state['state_observation'] }} as o
inner join {{ state['dictionary'] }} as d on d.code = o.code
left join {{ millrace.identity_open_rows(state['state_status'], at) }} as s on s.code = o.code
where {{ millrace.identity_is_open('o', at) }}
group by d.namespace, d.value
{%- endmacro %}

{% macro identity_view_identity_edge(state, at) -%}
select
  x.namespace as a_namespace, x.value as a_value, y.namespace as b_namespace, y.value as b_value,
  e.rule, e.source, e.first_seen, e.last_seen, e.observations, e.confidence,
  case
    when e.active = 0 then 'blocked'
    when e.rule <> 'cannot_link' and (p.part is null or q.part is null or p.part <> q.part) then 'cut'
    else 'active'
  end as status
from {{ state['state_edge'] }} as e
inner join {{ state['dictionary'] }} as x on x.code = e.a
inner join {{ state['dictionary'] }} as y on y.code = e.b
left join {{ millrace.identity_open_rows(state['state_cluster'], at) }} as p on p.code = e.a
left join {{ millrace.identity_open_rows(state['state_cluster'], at) }} as q on q.code = e.b
where {{ millrace.identity_is_open('e', at) }}
{%- endmacro %}

{% macro identity_view_identity_component(state, at) -%}
select d.namespace, d.value, c.profile_id, p.quarantined
from {{ state['state_component'] }} as c
inner join {{ state['dictionary'] }} as d on d.code = c.code
inner join {{ millrace.identity_open_rows(state['state_profile'], at) }} as p on p.profile_id = c.profile_id
where {{ millrace.identity_is_open('c', at) }}
{%- endmacro %}

{% macro identity_view_identifier_profile_history(state, at) -%}
select d.namespace, d.value, c.profile_id, b.as_of as valid_from, case when c.to_run <= {{ at }} then e.as_of end as valid_to, c.cause
from {{ state['state_component'] }} as c
inner join {{ state['dictionary'] }} as d on d.code = c.code
inner join {{ state['state_run'] }} as b on b.run = c.from_run
left join {{ state['state_run'] }} as e on e.run = c.to_run
where c.from_run <= {{ at }}
{%- endmacro %}

{% macro identity_view_profile(state, at) -%}
select p.profile_id, p.status, p.quarantined, d.namespace as anchor_namespace, d.value as anchor_value, p.created_at
from {{ state['state_profile'] }} as p
left join {{ state['dictionary'] }} as d on d.code = p.anchor
where {{ millrace.identity_is_open('p', at) }}
{%- endmacro %}

{% macro identity_view_profile_alias(state, at) -%}
select p.profile_id as old_profile_id, p.current_id as profile_id
from {{ state['state_profile'] }} as p
where {{ millrace.identity_is_open('p', at) }} and p.status = 'merged'
{%- endmacro %}

{% macro identity_view_profile_lineage(state, at) -%}
select l.from_run as run, r.as_of as happened_at, l.profile_id, l.event, l.other_profile_id, l.cause
from {{ state['state_lineage'] }} as l
inner join {{ state['state_run'] }} as r on r.run = l.from_run
where l.from_run <= {{ at }}
{%- endmacro %}

{#- Who has other rows of events than before a run: whoever won or lost an identifier, and whose identifiers began or ceased to count. -#}
{% macro identity_view_profile_change(state, at) -%}
select moves.profile_id, moves.run, r.as_of as changed_at, moves.change
from (
  select c.profile_id, c.from_run as run, case when c.cause = 'new' then 'identifiers' else c.cause end as change
  from {{ state['state_component'] }} as c
  where c.from_run <= {{ at }}
  union all
  select c.profile_id, c.to_run as run, coalesce(n.cause, 'identifiers') as change
  from {{ state['state_component'] }} as c
  left join {{ state['state_component'] }} as n on n.code = c.code and n.from_run = c.to_run
  where c.to_run <= {{ at }}
  union all
  select
    p.profile_id,
    p.from_run as run,
    case when o.profile_id is null then 'create' when o.quarantined <> p.quarantined then 'quarantine' else 'status' end as change
  from {{ state['state_profile'] }} as p
  left join {{ state['state_profile'] }} as o on o.profile_id = p.profile_id and o.to_run = p.from_run
  where p.from_run <= {{ at }} and (o.profile_id is null or o.quarantined <> p.quarantined or o.status <> p.status)
) as moves
inner join {{ state['state_run'] }} as r on r.run = moves.run
group by moves.profile_id, moves.run, r.as_of, moves.change
{%- endmacro %}

{% macro identity_view_identity_violation(state, at) -%}
select s.guard, d.namespace, d.value, s.evidence
from {{ state['state_status'] }} as s
inner join {{ state['dictionary'] }} as d on d.code = s.code
where {{ millrace.identity_is_open('s', at) }}
union all
select v.guard, v.namespace, v.value, v.evidence
from {{ state['state_violation'] }} as v
where {{ millrace.identity_is_open('v', at) }}
{%- endmacro %}
