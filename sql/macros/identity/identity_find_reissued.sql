{#-
  Keys that their source gave to somebody else: the record had identifiers of two namespaces or more, and bears none of them now.
  The working table `reissued` (source, record_key, record_id), or none where no known record changed. One new value alone is an
  update: people change their address. `coded`: what the changed records bear now.
-#}
{% macro identity_find_reissued(r, coded) -%}
  {%- set known = 'select source, record_key, was_id, record_id from ' ~ r['changed'] ~ ' where was_there = 1 and is_there = 1' -%}
  {%- if r['prev'] == 0 or millrace.identity_count('select count(*) from (' ~ known ~ ') as known') == 0 -%}
    {{ return(none) }}
  {%- endif -%}
  {%- set found %}
    with known as (
      {{ known }}
    ),
    was as (
      select k.source, k.record_key, o.code, o.ns
      from {{ millrace.identity_state(r['here'], 'state_observation') }} as o
      inner join known as k on k.was_id = o.record_id
      where o.to_run is null
    ),
    is_now as (
      select k.source, k.record_key, k.record_id, v.code
      from {{ coded }} as v
      inner join known as k on k.source = v.source and k.record_key = v.record_key
      where v.worth > 0
    ),
    several as (
      select source, record_key from was group by source, record_key having count(distinct ns) > 1
    )
    select n.source, n.record_key, n.record_id
    from is_now as n
    inner join several as s on s.source = n.source and s.record_key = n.record_key
    left join was as w on w.source = n.source and w.record_key = n.record_key and w.code = n.code
    group by n.source, n.record_key, n.record_id
    having count(w.code) = 0
  {%- endset -%}
  {%- set found = millrace.identity_scratch_counted(r['here'], 'reissued', found, 'reissued keys') -%}
  {{ return(found['table'] if found['rows'] > 0 else none) }}
{%- endmacro %}
