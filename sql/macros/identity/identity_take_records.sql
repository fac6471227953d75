{#-
  Which records are new, changed or gone since the published run, and what identifiers they bear now. Makes the working tables
  `changed` (source, record_key, was_id, record_id, fp, was_there, is_there), `touched` (code) and, where a key was given to another, `reissued`.
-#}
{% macro identity_take_records(r) -%}
  {%- set here = r['here'] -%}
  {%- set record = millrace.identity_state(here, 'state_record') -%}
  {%- set observation = millrace.identity_state(here, 'state_observation') -%}
  {%- set dictionary = millrace.identity_state(here, 'dictionary') -%}
  {%- set columns = ['record_key', 'seen_at'] -%}
  {%- for namespace in r['d']['namespaces'] -%}
    {%- do columns.extend(namespace['columns']) -%}
  {%- endfor -%}
  {%- set nodes = r['d']['sources'] | selectattr('node') | map(attribute='name') | list -%}

  {#- Where sources only grew, nothing of what was there is looked up. -#}
  {%- set ended = millrace.identity_state(here, 'state_reading') ~ ' where to_run = ' ~ r['run'] ~ ' and record_key is not null' -%}
  {%- set only_new = not r['diff_all'] and millrace.identity_count('select count(*) from ' ~ ended) == 0 -%}
  {%- set changes %}
    with is_now as (
      select source, record_key, {{ millrace.identity_fingerprint(["cast('" ~ r['salt'] ~ "' as " ~ dbt.type_string() ~ ")"] + columns) }} as fp
      from {{ r['fresh'] }} as r
      where record_key is not null
    ),
    was as (
      select source, record_key, record_id, fp from {{ record }} where to_run is null{{ ' and 1 = 0' if only_new }}
    )
    {%- if not r['diff_all'] %},
    read_now as (
      select source, record_key from is_now
      union distinct
      select source, record_key from {{ ended }}
    )
    {%- endif %}
    select
      {%- if r['diff_all'] %}
      coalesce(n.source, w.source) as source,
      coalesce(n.record_key, w.record_key) as record_key,
      {%- else %}
      k.source,
      k.record_key,
      {%- endif %}
      w.record_id,
      n.fp,
      case when w.record_id is null then 0 else 1 end as was_there,
      case when n.fp is null then 0 else 1 end as is_there
    {%- if r['diff_all'] %}
    from is_now as n
    full outer join was as w on w.source = n.source and w.record_key = n.record_key
    {%- else %}
    from read_now as k
    left join is_now as n on n.source = k.source and n.record_key = k.record_key
    left join was as w on w.source = k.source and w.record_key = k.record_key
    {%- endif %}
    where n.fp is null or w.fp is null or n.fp <> w.fp{{ ' or 1 = 1' if r['full'] }}
  {%- endset -%}
  {%- set changed = millrace.identity_scratch_counted(here, 'diff', changes, 'diff records') -%}
  {%- do r.update({'changed_records': changed['rows']}) -%}

  {#- One pass over the changed records: a row per identifier, and one per record that is a node of its own. -#}
  {%- set cells = [] -%}
  {%- set slots = [] -%}
  {%- for namespace in r['d']['namespaces'] -%}
    {%- for column in namespace['columns'] -%}
      {%- do slots.append([slots | length + 1, namespace['ns'], namespace['name'], column]) -%}
    {%- endfor -%}
  {%- endfor -%}
  {%- set values %}
    with slots as (
      {%- if nodes | length > 0 %}
      select 0 as worth, 0 as ns, 'record' as namespace
      {{ 'union all' if slots | length > 0 }}
      {%- endif %}
      {%- for worth, ns, name, column in slots %}
      select {{ worth }} as worth, {{ ns }} as ns, '{{ name }}' as namespace{{ ' union all' if not loop.last }}
      {%- endfor %}
    ),
    records as (
      select r.*
      from {{ r['fresh'] }} as r
      inner join {{ changed['table'] }} as c on c.source = r.source and c.record_key = r.record_key
      where c.is_there = 1
    ),
    cells as (
      select
        r.source, r.record_key, r.seen_at, s.worth, s.ns,
        case when s.worth = 0 then 'record:' || r.source else s.namespace end as namespace,
        case s.worth
          when 0 then {% if nodes | length > 0 %}case when r.source in ('{{ nodes | join("', '") }}') then r.record_key end{% else %}null{% endif %}
          {%- for worth, ns, name, column in slots %}
          when {{ worth }} then r.{{ column }}
          {%- endfor %}
        end as value
      from records as r
      cross join slots as s
    )
    select source, record_key, seen_at, worth, ns, namespace, value from cells where value is not null
  {%- endset -%}
  {%- set value = millrace.identity_scratch(here, 'cell', values, 'unpivot') -%}

  {#- The dictionary only grows, so codes last. It is read once: only what it did not know is looked up again, among what is new. -#}
  {%- set top = millrace.identity_count('select coalesce(max(code), 0) from ' ~ dictionary) -%}
  {%- set looked_up %}
    select v.source, v.record_key, v.seen_at, v.worth, v.ns, v.namespace, v.value, d.code
    from {{ value }} as v
    left join {{ dictionary }} as d on d.namespace = v.namespace and d.value = v.value
  {%- endset -%}
  {%- set looked_up = millrace.identity_scratch(here, 'looked_up', looked_up, 'encode') -%}
  {%- set unknown %}
    select {{ top }} + {{ millrace.identity_numbered('v.namespace, v.value') }} as code, v.namespace, v.value
    from (select distinct namespace, value from {{ looked_up }} where code is null) as v
  {%- endset -%}
  {%- set unknown = millrace.identity_scratch(here, 'unknown', unknown, 'encode') -%}
  {%- do r['sizes'].update({'new identifiers': millrace.identity_step('encode',
    'insert into ' ~ dictionary ~ ' (code, namespace, value) select code, namespace, value from ' ~ unknown)}) -%}
  {%- set coded %}
    select source, record_key, seen_at, worth, ns, code from {{ looked_up }} where code is not null
    union all
    select v.source, v.record_key, v.seen_at, v.worth, v.ns, d.code
    from {{ looked_up }} as v
    inner join {{ unknown }} as d on d.namespace = v.namespace and d.value = v.value
    where v.code is null
  {%- endset -%}
  {%- set coded = millrace.identity_scratch(here, 'coded', coded, 'encode') -%}

  {#- A node's record id is its code; other records are numbered beyond all codes, downwards, so that the two never meet. -#}
  {%- set least = millrace.identity_count('select coalesce(min(record_id), 0) from ' ~ record) -%}
  {%- set numbered %}
    select
      c.source, c.record_key, c.fp, c.was_there, c.is_there, c.record_id as was_id,
      case
        when n.code is not null then n.code
        when c.record_id < 0 then c.record_id
        else {{ [least, 0] | min }} - {{ millrace.identity_numbered('c.source, c.record_key') }}
      end as record_id
    from {{ changed['table'] }} as c
    left join (select source, record_key, code from {{ coded }} where worth = 0) as n
      on n.source = c.source and n.record_key = c.record_key
  {%- endset -%}
  {%- set numbered = millrace.identity_scratch_counted(here, 'changed', numbered, 'number records')['table'] -%}
  {%- do r.update({'changed': numbered}) -%}
  {%- if r['diff_all'] -%}
    {%- do millrace.identity_refuse_copies(r) -%}
  {%- endif -%}
  {%- do r.update({'reissued': millrace.identity_find_reissued(r, coded)}) -%}

  {%- if r['prev'] > 0 -%}
    {%- for table in [record, observation] -%}
      {%- do millrace.identity_step('close records',
        'update ' ~ table ~ ' set to_run = ' ~ r['run'] ~ ' where to_run is null and record_id in (select was_id from ' ~ numbered ~ ' where was_there = 1)') -%}
    {%- endfor -%}
  {%- endif -%}
  {%- do millrace.identity_step('open records',
    'insert into ' ~ record ~ ' (source, record_key, record_id, fp, from_run, to_run) select source, record_key, record_id, fp, ' ~ r['run'] ~ ', null from ' ~ numbered ~ ' where is_there = 1') -%}
  {%- set opened %}
    insert into {{ observation }} (record_id, code, ns, worth, source, seen_at, from_run, to_run)
    select c.record_id, v.code, v.ns, v.worth, v.source, v.seen_at, {{ r['run'] }}, null
    from {{ coded }} as v
    inner join {{ numbered }} as c on c.source = v.source and c.record_key = v.record_key
    where v.worth > 0
  {%- endset -%}
  {%- do r['sizes'].update({'observations': millrace.identity_step('open observations', opened)}) -%}
  {%- do r.update({'touched': millrace.identity_scratch(here, 'touched',
    'select distinct code from ' ~ observation ~ ' where from_run = ' ~ r['run'] ~ ' or to_run = ' ~ r['run'], 'touched identifiers')}) -%}
{%- endmacro %}

{#- A key that stands for two records would make two people one, or one record two: nothing is published before it is mended. Where not all records were read anew, their reader has looked. -#}
{% macro identity_refuse_copies(r) -%}
  {#- Rows, less records as they will be open: what is over is copies of keys known before; copies among the changed are seen there. -#}
  {%- set extra = millrace.identity_count('select (select count(*) from ' ~ r['records'] ~ ' as r where record_key is not null)'
    ~ ' - (select count(*) from ' ~ millrace.identity_state(r['here'], 'state_record') ~ ' where to_run is null)'
    ~ ' - (select coalesce(sum(is_there - was_there), 0) from ' ~ r['changed'] ~ ')'
    ~ ' + (select count(*) from (select source, record_key from ' ~ r['changed'] ~ ' group by source, record_key having count(*) > 1) as twice)') -%}
  {%- if extra == 0 -%}
    {{ return('') }}
  {%- endif -%}
  {%- do millrace.identity_tell_copies(millrace.identity_read('select source, sum(copies) from (select source, count(*) - 1 as copies from ' ~ r['records']
    ~ ' as r where record_key is not null group by source, record_key having count(*) > 1) as counts group by source order by source')) -%}
{%- endmacro %}
