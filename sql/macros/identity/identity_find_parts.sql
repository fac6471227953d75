{#-
  Clusters and, within them, parts: what becomes one profile each. A cluster is a component over all edges that may link; guards
  divide it. Only clusters that a changed edge or identifier touches are looked at. Makes the working tables `affected` (code),
  `vertex` (id, ns) and `part` (id, cluster_id, part, quarantined).
-#}
{% macro identity_find_parts(r) -%}
  {%- set here = r['here'] -%}
  {%- set cluster = millrace.identity_state(here, 'state_cluster') -%}
  {%- set edge = millrace.identity_state(here, 'state_edge') -%}
  {%- set observation = millrace.identity_state(here, 'state_observation') -%}
  {%- set status = millrace.identity_state(here, 'state_status') -%}
  {%- set record = millrace.identity_state(here, 'state_record') -%}
  {%- set all = r['full'] or r['new_guarding'] -%}
  {%- do r.update({'all': all, 'affected': none}) -%}

  {%- if not all -%}
    {%- set affected %}
      with touched as (
        select code from {{ r['touched'] }}
        union distinct select code from {{ r['flipped'] }}
        union distinct select code from {{ r['moved'] }}
        union distinct select record_id from {{ r['changed'] }} where record_id > 0
        union distinct select was_id from {{ r['changed'] }} where was_id > 0
      ),
      clusters as (
        select distinct c.cluster_id from {{ cluster }} as c inner join touched as t on t.code = c.code where c.to_run is null
      )
      select code from touched
      union distinct
      select c.code from {{ cluster }} as c inner join clusters as k on k.cluster_id = c.cluster_id where c.to_run is null
    {%- endset -%}
    {%- do r.update({'affected': millrace.identity_scratch(here, 'affected', affected, 'affected clusters')}) -%}
  {%- endif -%}
  {%- set among = 'inner join ' ~ r['affected'] ~ ' as affected on affected.code = ' if not all else none -%}

  {%- set vertices %}
    select distinct o.code as id, o.ns
    from {{ observation }} as o
    {{ among ~ 'o.code' if among is not none }}
    left join {{ status }} as s on s.code = o.code and s.to_run is null
    where o.to_run is null and s.code is null
    union all
    select r.record_id as id, 0 as ns
    from {{ record }} as r
    {{ among ~ 'r.record_id' if among is not none }}
    where r.to_run is null and r.record_id > 0
  {%- endset -%}
  {%- set vertex = millrace.identity_scratch_counted(here, 'vertex', vertices, 'vertices') -%}
  {%- do r.update({'vertex': vertex['table']}) -%}
  {%- do r['sizes'].update({'recomputed identifiers': vertex['rows']}) -%}
  {%- set live %}
    select e.a, e.b, e.kind, e.rule, e.source, e.confidence, e.last_seen, e.observations
    from {{ edge }} as e
    {{ among ~ 'e.a' if among is not none }}
    where e.to_run is null and e.active = 1 and e.rule <> 'cannot_link'
      and (e.kind = 'record' or (e.a in (select id from {{ vertex['table'] }}) and e.b in (select id from {{ vertex['table'] }})))
  {%- endset -%}
  {%- set made = millrace.identity_scratch_counted(here, 'live', live, 'live edges') -%}
  {%- set live = made['table'] -%}
  {%- do r.update({'live': live}) -%}
  {%- set clusters = millrace.identity_components(here, live, 'clusters', vertex['table'], made['rows']) -%}
  {%- do r['sizes'].update({'rounds': clusters['rounds']}) -%}

  {%- do r.update({'found': [], 'clusters': clusters['table']}) -%}
  {%- set tiers = millrace.identity_tiers(r, live) -%}
  {%- if tiers['weak'] or tiers['bridge'] is not none -%}
    {%- set part = millrace.identity_components(here, tiers['strong'], 'strong_parts', vertex['table'])['table'] -%}
  {%- else -%}
    {%- set part = clusters['table'] -%}
  {%- endif -%}
  {%- set part = millrace.identity_keep_apart(r, part, tiers['strong'], 1) -%}
  {%- set part = millrace.identity_keep_unique(r, part, tiers['strong']) -%}
  {%- if tiers['bridge'] is not none -%}
    {%- set part = millrace.identity_attach_bridges(r, part, tiers) -%}
  {%- endif -%}
  {%- if tiers['weak'] -%}
    {%- set part = millrace.identity_attach_weak(r, part, tiers) -%}
  {%- endif -%}
  {%- if tiers['weak'] or tiers['bridge'] is not none -%}
    {%- set part = millrace.identity_keep_apart(r, part, live, 2) -%}
  {%- endif -%}
  {%- set part = millrace.identity_cap_size(r, part, live) -%}

  {%- set same = part == clusters['table'] -%}
  {%- set result %}
    select p.id, {{ 'p' if same else 'c' }}.label as cluster_id, p.label as part, {{ 'case when q.part is null then 0 else 1 end' if r['quarantine'] is not none else '0' }} as quarantined
    from {{ part }} as p
    {%- if not same %}
    inner join {{ clusters['table'] }} as c on c.id = p.id
    {%- endif %}
    {%- if r['quarantine'] is not none %}
    left join {{ r['quarantine'] }} as q on q.part = p.label
    {%- endif %}
  {%- endset -%}
  {%- do r.update({'part': millrace.identity_scratch(here, 'part', result, 'parts')}) -%}
  {%- do millrace.identity_put_clusters(r) -%}
{%- endmacro %}

{#- Writes cluster and part of every vertex looked at, and what the guards found there. -#}
{% macro identity_put_clusters(r) -%}
  {%- set cluster = millrace.identity_state(r['here'], 'state_cluster') -%}
  {%- set violation = millrace.identity_state(r['here'], 'state_violation') -%}
  {%- set dictionary = millrace.identity_state(r['here'], 'dictionary') -%}
  {%- set within = '' if r['all'] else ' and code in (select code from ' ~ r['affected'] ~ ')' -%}
  {%- if r['prev'] > 0 -%}
    {%- do millrace.identity_step('close violations', 'update ' ~ violation ~ ' set to_run = ' ~ r['run'] ~ ' where to_run is null'
      ~ ('' if r['all'] else ' and (cluster_id is null or cluster_id in (select cluster_id from ' ~ cluster ~ ' where to_run is null' ~ within ~ '))')) -%}
    {%- do millrace.identity_step('close clusters', 'update ' ~ cluster ~ ' as c set to_run = ' ~ r['run'] ~ ' where to_run is null' ~ within
      ~ ' and not exists (select 1 from ' ~ r['part'] ~ ' as p where p.id = c.code and p.cluster_id = c.cluster_id and p.part = c.part)') -%}
  {%- endif -%}
  {%- do millrace.identity_step('open clusters', 'insert into ' ~ cluster ~ ' (code, cluster_id, part, from_run, to_run) select p.id, p.cluster_id, p.part, ' ~ r['run'] ~ ', null from '
    ~ r['part'] ~ ' as p' ~ (' left join ' ~ cluster ~ ' as c on c.code = p.id and c.to_run is null where c.code is null' if r['prev'] > 0)) -%}
  {%- for found in r['found'] -%}
    {%- set rows %}
      insert into {{ violation }} (guard, cluster_id, namespace, value, evidence, from_run, to_run)
      select f.guard, c.label, d.namespace, d.value, f.evidence, {{ r['run'] }}, null
      from {{ found }} as f
      inner join {{ r['clusters'] }} as c on c.id = f.id
      inner join {{ dictionary }} as d on d.code = f.id
    {%- endset -%}
    {%- do millrace.identity_step('open violations', rows) -%}
  {%- endfor -%}
  {#- Faults of whole sources: told anew by every run, from one pass over the records. -#}
  {%- set nodes = r['d']['sources'] | selectattr('node') | map(attribute='name') | list -%}
  {%- set count = 'cast(records as ' ~ dbt.type_string() ~ ')' -%}
  {%- set faults %}
    insert into {{ violation }} (guard, cluster_id, namespace, value, evidence, from_run, to_run)
    with counted as (
      select
        source,
        sum(case when record_key is null then 1 else 0 end) as null_key,
        sum(from_future) as from_future,
        {#- A record that describes somebody is a node of its own; any other without an identifier says nothing of anybody. #}
        sum(case when record_key is not null and bare = 1
          {%- if nodes | length > 0 %} and source not in ('{{ nodes | join("', '") }}'){% endif %} then 1 else 0 end) as no_identifier
      from {{ r['records'] }} as r
      group by source
    ),
    faults as (
      select source, 'null_key' as guard, null_key as records, ' records' as what from counted
      union all
      select source, 'from_future' as guard, from_future as records, ' records' as what from counted
      union all
      select source, 'no_identifier' as guard, no_identifier as records, ' records' as what from counted
      {%- if r['reissued'] is not none %}
      union all
      select source, 'key_reissued' as guard, count(*) as records, ' keys whose identifiers are all others now, such as ' || min(record_key) as what
      from {{ r['reissued'] }}
      group by source
      {%- endif %}
    )
    select guard, null, source, cast(null as {{ dbt.type_string() }}), {{ count }} || what, {{ r['run'] }}, null
    from faults
    where records > 0
  {%- endset -%}
  {%- do millrace.identity_step('open violations', faults) -%}
{%- endmacro %}
