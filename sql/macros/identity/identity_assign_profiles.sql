{#-
  Ids for parts. A profile stays with its anchor, one identifier; a part claims every profile whose anchor it holds. Of several the one with the strongest
  anchor wins, then the earliest, then the smallest id; the others are merged into it and keep their anchors, so that a later split gives them their ids back.
  An anchor that nothing bears any more moves to a surviving identifier of its profile, or sleeps until it returns; one weaker than the part's best moves up to that.
-#}
{% macro identity_assign_profiles(r) -%}
  {%- set here = r['here'] -%}
  {%- set component = millrace.identity_state(here, 'state_component') -%}
  {%- set profile = millrace.identity_state(here, 'state_profile') -%}
  {%- set among = '' if r['all'] else ' in (select code from ' ~ r['affected'] ~ ')' -%}
  {%- set now_query %}
    select p.id as code, p.part, {{ millrace.identity_strength_of(r, 'v.ns') }} as strength
    from {{ r['part'] }} as p
    inner join {{ r['vertex'] }} as v on v.id = p.id
    where p.quarantined = 0
  {%- endset -%}
  {%- set now = millrace.identity_scratch(here, 'now', now_query, 'parts of profiles') -%}
  {%- set old = millrace.identity_scratch(here, 'old', 'select c.code, c.profile_id, c.cause from ' ~ component ~ ' as c where c.to_run is null'
    ~ (' and c.code' ~ among if among), 'last assignment') -%}

  {#- Profiles that this run may change: those whose identifiers or anchors were looked at. -#}
  {%- set concerned %}
    select p.profile_id, p.status, p.anchor, p.strength, p.current_id, p.quarantined, p.created_run, p.created_at
    from {{ profile }} as p
    where p.to_run is null
    {%- if not r['all'] %}
      and (p.anchor{{ among }} or p.profile_id in (select profile_id from {{ old }}))
    {%- endif %}
  {%- endset -%}
  {%- set concerned = millrace.identity_scratch_counted(here, 'concerned', concerned, 'profiles concerned') -%}
  {%- set claims = millrace.identity_claims(r, concerned, now, component) -%}

  {%- set winners %}
    select part, profile_id, anchor, strength
    from (
      select c.part, c.profile_id, c.anchor, c.strength,
        row_number() over (partition by c.part order by c.strength, c.created_run, c.profile_id) as place
      from {{ claims }} as c
      where c.part is not null
    ) as ranked
    where place = 1
  {%- endset -%}
  {%- set winner = millrace.identity_scratch(here, 'winner', winners, 'winners') -%}
  {#- Strength and code in one number, so that the best identifier of a part is one minimum. A column named as its table would be the row on BigQuery. -#}
  {%- set assigned %}
    with best as (
      select part, min(strength * 1000000000000 + code) as packed from {{ now }} group by part
    ),
    best_of as (
      select part, cast(floor(packed / 1000000000000) as {{ dbt.type_bigint() }}) as strength, mod(packed, 1000000000000) as code from best
    )
    select
      b.part,
      coalesce(w.profile_id, {{ millrace.identity_new_id() }}) as profile_id,
      case when w.profile_id is null then 1 else 0 end as is_new,
      case when w.profile_id is null or b.strength < w.strength then b.code else w.anchor end as anchor,
      case when w.profile_id is null or b.strength < w.strength then b.strength else w.strength end as strength
    from best_of as b
    left join {{ winner }} as w on w.part = b.part
  {%- endset -%}
  {%- set assigned = millrace.identity_scratch(here, 'assigned', assigned, 'ids') -%}
  {%- do r.update({'assigned': assigned, 'now': now, 'old': old, 'claims': claims, 'concerned': concerned}) -%}
  {%- do millrace.identity_put_components(r, component) -%}
  {%- do millrace.identity_put_profiles(r, component, profile) -%}
{%- endmacro %}

{#- The profiles concerned with the part that holds their anchor, once anchors that vanished have moved: + part; NULL where nothing survives. -#}
{% macro identity_claims(r, concerned, now, component) -%}
  {%- if concerned['rows'] == 0 -%}
    {{ return(millrace.identity_scratch(r['here'], 'claims', 'select c.*, n.part from ' ~ concerned['table'] ~ ' as c left join ' ~ now ~ ' as n on n.code = c.anchor', 'claims')) }}
  {%- endif -%}
  {#- Only in the run in which the anchor goes, and only within the cluster it was in: a full recompute then moves the same anchors. -#}
  {%- set cluster = millrace.identity_state(r['here'], 'state_cluster') -%}
  {%- set before = 'from_run < ' ~ r['run'] ~ ' and (to_run is null or to_run = ' ~ r['run'] ~ ')' -%}
  {%- set lost %}
    select c.profile_id, was.cluster_id
    from {{ concerned['table'] }} as c
    inner join (select code, cluster_id from {{ cluster }} where {{ before }}) as was on was.code = c.anchor
    left join {{ r['vertex'] }} as v on v.id = c.anchor
    where v.id is null
  {%- endset -%}
  {%- set lost = millrace.identity_scratch_counted(r['here'], 'lost', lost, 'lost anchors') -%}
  {%- if lost['rows'] == 0 -%}
    {{ return(millrace.identity_scratch(r['here'], 'claims', 'select c.*, n.part from ' ~ concerned['table'] ~ ' as c left join ' ~ now ~ ' as n on n.code = c.anchor', 'claims')) }}
  {%- endif -%}
  {#- The last assignment first; of it the strongest. -#}
  {%- set moved %}
    with mine as (
      select h.profile_id, h.code, max(coalesce(h.to_run, {{ r['run'] }} + 1)) as until_run
      from {{ component }} as h
      inner join {{ lost['table'] }} as l on l.profile_id = h.profile_id
      inner join (select code, cluster_id from {{ cluster }} where {{ before }}) as was on was.code = h.code and was.cluster_id = l.cluster_id
      group by h.profile_id, h.code
    ),
    ordered as (
      select m.profile_id, n.code, n.strength, n.part,
        row_number() over (partition by m.profile_id order by m.until_run desc, n.strength, n.code) as place
      from mine as m
      inner join {{ now }} as n on n.code = m.code
      {%- if r['reissued'] is not none %}
      {#- Who has the key now is another person: the id does not pass to them. #}
      where m.code not in (select record_id from {{ r['reissued'] }})
      {%- endif %}
    )
    select
      c.profile_id, c.status,
      coalesce(o.code, c.anchor) as anchor,
      coalesce(o.strength, c.strength) as strength,
      c.current_id, c.quarantined, c.created_run, c.created_at,
      coalesce(o.part, n.part) as part
    from {{ concerned['table'] }} as c
    left join {{ now }} as n on n.code = c.anchor
    left join ordered as o on o.profile_id = c.profile_id and o.place = 1
  {%- endset -%}
  {{ return(millrace.identity_scratch(r['here'], 'claims', moved, 'move anchors')) }}
{%- endmacro %}

{#- Closes and opens what differs. What is quarantined keeps the assignment it had. -#}
{% macro identity_put_components(r, component) -%}
  {%- set next %}
    select n.code, a.profile_id, o.profile_id as old_profile_id,
      case
        when o.profile_id is null then 'new'
        when a.profile_id = o.profile_id then o.cause
        when k.part = n.part then 'merge'
        else 'split'
      end as cause
    from {{ r['now'] }} as n
    inner join {{ r['assigned'] }} as a on a.part = n.part
    left join {{ r['old'] }} as o on o.code = n.code
    left join {{ r['claims'] }} as k on k.profile_id = o.profile_id
  {%- endset -%}
  {%- set next = millrace.identity_scratch(r['here'], 'next', next, 'assignment') -%}
  {%- if r['prev'] > 0 -%}
    {%- set gone %}
      select o.code
      from {{ r['old'] }} as o
      left join {{ next }} as n on n.code = o.code and n.profile_id = o.profile_id
      left join {{ r['part'] }} as q on q.id = o.code and q.quarantined = 1
      where n.code is null and q.id is null
    {%- endset -%}
    {%- set gone = millrace.identity_scratch_counted(r['here'], 'gone', gone, 'assignment') -%}
    {%- if gone['rows'] > 0 -%}
      {%- do millrace.identity_step('close assignment', 'update ' ~ component ~ ' set to_run = ' ~ r['run'] ~ ' where to_run is null and code in (select code from ' ~ gone['table'] ~ ')') -%}
    {%- endif -%}
  {%- endif -%}
  {%- do r['sizes'].update({'assignments opened': millrace.identity_step('open assignment',
    'insert into ' ~ component ~ ' (code, profile_id, cause, from_run, to_run) select code, profile_id, cause, ' ~ r['run'] ~ ', null from ' ~ next
    ~ ' where old_profile_id is null or old_profile_id <> profile_id')}) -%}
  {%- do r.update({'next': next}) -%}
{%- endmacro %}

{#- Profiles and their lineage. -#}
{% macro identity_put_profiles(r, component, profile) -%}
  {%- set here = r['here'] -%}
  {%- set lineage = millrace.identity_state(here, 'state_lineage') -%}
  {%- set edge = millrace.identity_state(here, 'state_edge') -%}
  {%- set columns = 'profile_id, status, anchor, strength, current_id, quarantined, created_run, created_at' -%}
  {%- set wanted %}
    select
      k.profile_id,
      case
        when q.id is not null then k.status
        when a.profile_id = k.profile_id then 'active'
        when a.profile_id is not null then 'merged'
        when k.status = 'merged' then 'merged'
        else 'erased'
      end as status,
      case when a.profile_id = k.profile_id then a.anchor else k.anchor end as anchor,
      case when a.profile_id = k.profile_id then a.strength else k.strength end as strength,
      case
        when q.id is not null then k.current_id
        when a.profile_id is not null then a.profile_id
        when heir.profile_id is not null then heir.profile_id
        else k.current_id
      end as current_id,
      case when q.id is null then 0 else 1 end as quarantined,
      k.created_run, k.created_at
    from {{ r['claims'] }} as k
    left join {{ r['assigned'] }} as a on a.part = k.part
    left join {{ r['part'] }} as q on q.id = k.anchor and q.quarantined = 1
    left join {{ r['claims'] }} as via on via.profile_id = k.current_id
    left join {{ r['assigned'] }} as heir on heir.part = via.part
    union all
    select profile_id, 'active', anchor, strength, profile_id, 0, {{ r['run'] }}, {{ millrace.as_of() }}
    from {{ r['assigned'] }}
    where is_new = 1
  {%- endset -%}
  {%- set wanted = millrace.identity_scratch(here, 'profiles', wanted, 'profiles') -%}
  {%- set moved %}
    select w.*, o.status as old_status, o.current_id as old_current_id
    from {{ wanted }} as w
    left join {{ r['concerned']['table'] }} as o on o.profile_id = w.profile_id
    where o.profile_id is null or o.status <> w.status or o.current_id <> w.current_id or o.quarantined <> w.quarantined
      or coalesce(o.anchor, 0) <> coalesce(w.anchor, 0)
  {%- endset -%}
  {%- set moved = millrace.identity_scratch_counted(here, 'profiles_moved', moved, 'profiles') -%}
  {%- do r.update({'moved_profiles': moved['table']}) -%}
  {%- if moved['rows'] > 0 -%}
    {%- if r['prev'] > 0 -%}
      {%- do millrace.identity_step('close profiles', 'update ' ~ profile ~ ' set to_run = ' ~ r['run'] ~ ' where to_run is null and profile_id in (select profile_id from ' ~ moved['table'] ~ ')') -%}
      {#- A merged profile that nothing anchors any more follows the one it was merged into. -#}
      {%- set orphans %}
        select p.profile_id, p.status, p.anchor, p.strength, m.current_id, p.quarantined, p.created_run, p.created_at
        from {{ profile }} as p
        inner join {{ moved['table'] }} as m on m.profile_id = p.current_id and m.status = 'merged' and m.profile_id <> m.current_id
        where p.to_run is null and p.status = 'merged' and p.profile_id not in (select profile_id from {{ moved['table'] }})
      {%- endset -%}
      {%- set orphans = millrace.identity_scratch_counted(here, 'orphans', orphans, 'profiles') -%}
      {%- if orphans['rows'] > 0 -%}
        {%- do millrace.identity_step('close profiles', 'update ' ~ profile ~ ' set to_run = ' ~ r['run'] ~ ' where to_run is null and profile_id in (select profile_id from ' ~ orphans['table'] ~ ')') -%}
        {%- do millrace.identity_step('open profiles', 'insert into ' ~ profile ~ ' (' ~ columns ~ ', from_run, to_run) select ' ~ columns ~ ', ' ~ r['run'] ~ ', null from ' ~ orphans['table']) -%}
      {%- endif -%}
    {%- endif -%}
    {%- do millrace.identity_step('open profiles', 'insert into ' ~ profile ~ ' (' ~ columns ~ ', from_run, to_run) select ' ~ columns ~ ', ' ~ r['run'] ~ ', null from ' ~ moved['table']) -%}
    {%- do millrace.identity_put_lineage(r, lineage, edge) -%}
  {%- endif -%}
{%- endmacro %}
