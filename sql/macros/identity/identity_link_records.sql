{#-
  A record's identifiers as links from its strongest one that may link to the others: as many as it has identifiers, not the square.
  Made anew for changed records, and for records with an identifier whose status flipped.
-#}
{% macro identity_link_records(r) -%}
  {%- set here = r['here'] -%}
  {%- set link = millrace.identity_state(here, 'state_link') -%}
  {%- set observation = millrace.identity_state(here, 'state_observation') -%}
  {%- set status = millrace.identity_state(here, 'state_status') -%}
  {%- set again %}
    select record_id, max(is_there) as is_there
    from (
      select record_id, is_there from {{ r['changed'] }}
      union all
      select was_id, 0 as is_there from {{ r['changed'] }} where was_there = 1
      union all
      select o.record_id, 0 as is_there
      from {{ observation }} as o
      inner join {{ r['flipped'] }} as f on f.code = o.code
      where o.to_run is null
    ) as records
    group by record_id
  {%- endset -%}
  {%- set again = millrace.identity_scratch(here, 'relink', again, 'relink') -%}
  {%- if r['prev'] > 0 -%}
    {%- do millrace.identity_step('close links', 'update ' ~ link ~ ' set to_run = ' ~ r['run'] ~ ' where to_run is null and record_id in (select record_id from ' ~ again ~ ')') -%}
  {%- endif -%}
  {%- set seen %}
    select o.record_id, o.code, o.worth, o.source, o.seen_at, case when s.code is null then 1 else 0 end as active
    from {{ observation }} as o
    inner join {{ again }} as g on g.record_id = o.record_id
    left join (select distinct code from {{ status }} where to_run is null) as s on s.code = o.code
    where o.to_run is null
  {%- endset -%}
  {%- set seen = millrace.identity_scratch(here, 'seen', seen, 'relink') -%}
  {%- set links %}
    insert into {{ link }} (record_id, a, b, source, seen_at, active, from_run, to_run)
    with strongest as (
      select record_id, min(worth) as worth from {{ seen }} where active = 1 group by record_id
    ),
    centre as (
      select o.record_id, o.code, o.source, o.seen_at
      from {{ seen }} as o
      inner join strongest as s on s.record_id = o.record_id and s.worth = o.worth
    ),
    rays as (
      select c.record_id, c.code, o.code as other_code, o.source, o.seen_at, o.active
      from {{ seen }} as o
      inner join centre as c on c.record_id = o.record_id
      where o.code <> c.code
      union all
      select record_id, record_id as code, code as other_code, source, seen_at, 1 as active
      from centre
      where record_id > 0
    )
    select
      record_id,
      case when code < other_code then code else other_code end,
      case when code < other_code then other_code else code end,
      source, seen_at, active, {{ r['run'] }}, null
    from rays
  {%- endset -%}
  {%- do r['sizes'].update({'links': millrace.identity_step('open links', links)}) -%}
{%- endmacro %}
