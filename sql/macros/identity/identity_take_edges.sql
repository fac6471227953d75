{#-
  Edges: links summed up by pair and source, what matching found, and what people decided. Only pairs whose links changed are
  summed up again. Makes the working table `moved` (code): the ends of every edge that was opened or closed.
-#}
{% macro identity_take_edges(r) -%}
  {%- set here = r['here'] -%}
  {%- set edge = millrace.identity_state(here, 'state_edge') -%}
  {%- set link = millrace.identity_state(here, 'state_link') -%}
  {%- set dictionary = millrace.identity_state(here, 'dictionary') -%}
  {%- set decision = millrace.identity_state(here, 'decision') -%}
  {%- set columns = 'a, b, kind, rule, source, first_seen, last_seen, observations, confidence, active' -%}
  {%- set confidence = ['case l.source'] -%}
  {%- for source in r['d']['sources'] -%}
    {%- do confidence.append("when '" ~ source['name'] ~ "' then " ~ source['confidence']) -%}
  {%- endfor -%}
  {%- set pairs = none -%}
  {%- if not r['full'] -%}
    {%- set pairs = millrace.identity_scratch(here, 'pairs',
      'select distinct a, b, source from ' ~ link ~ ' where from_run = ' ~ r['run'] ~ ' or to_run = ' ~ r['run'], 'changed pairs') -%}
  {%- endif -%}
  {%- set summed %}
    select l.a, l.b, 'record' as kind, 'same_record' as rule, l.source, min(l.seen_at) as first_seen, max(l.seen_at) as last_seen,
      count(*) as observations, cast({{ confidence | join(' ') }} else 1 end as {{ dbt.type_float() }}) as confidence, max(l.active) as active
    from {{ link }} as l
    {%- if pairs is not none %}
    inner join {{ pairs }} as p on p.a = l.a and p.b = l.b and p.source = l.source
    {%- endif %}
    where l.to_run is null
    group by l.a, l.b, l.source
  {%- endset -%}
  {%- if r['prev'] > 0 -%}
    {#- Said twice: DuckDB reads only the edges whose end is among the few, and joins by three columns what is left. -#}
    {%- do millrace.identity_step('close edges', 'update ' ~ edge ~ ' as e set to_run = ' ~ r['run'] ~ " where to_run is null and kind = 'record'"
      ~ ('' if pairs is none else ' and e.a in (select a from ' ~ pairs ~ ') and exists (select 1 from ' ~ pairs ~ ' as p where p.a = e.a and p.b = e.b and p.source = e.source)')) -%}
  {%- endif -%}
  {%- do r['sizes'].update({'edges': millrace.identity_step('open edges',
    'insert into ' ~ edge ~ ' (' ~ columns ~ ', from_run, to_run) select ' ~ columns ~ ', ' ~ r['run'] ~ ', null from (' ~ summed ~ ') as summed')}) -%}

  {#- What people decided; a decision about an identifier that nothing bears waits for it. -#}
  {%- set decided %}
    select distinct
      case when x.code < y.code then x.code else y.code end as a,
      case when x.code < y.code then y.code else x.code end as b,
      'decision' as kind, d.kind as rule, 'decision' as source, d.decided_at as first_seen, d.decided_at as last_seen,
      1 as observations, cast(1 as {{ dbt.type_float() }}) as confidence, 1 as active
    from {{ decision }} as d
    inner join {{ dictionary }} as x on x.namespace = d.a_namespace and x.value = d.a_value
    inner join {{ dictionary }} as y on y.namespace = d.b_namespace and y.value = d.b_value
    where d.withdrawn_at is null and x.code <> y.code
  {%- endset -%}
  {#- Without any, no join with the whole dictionary. -#}
  {%- set decisions = millrace.identity_count("select count(*) from " ~ decision ~ " where withdrawn_at is null and kind <> 'pin'") -%}
  {%- set none_at_all = 'select ' ~ columns ~ ' from ' ~ edge ~ ' where 1 = 0' -%}
  {%- do millrace.identity_put_edges(r, 'decision', decided if decisions > 0 else none_at_all, columns) -%}
  {%- if r['matches'] is not none -%}
    {%- set matched %}
      select
        case when x.code < y.code then x.code else y.code end as a,
        case when x.code < y.code then y.code else x.code end as b,
        'match' as kind, m.rule, m.source, cast(null as {{ dbt.type_timestamp() }}) as first_seen, cast(null as {{ dbt.type_timestamp() }}) as last_seen,
        1 as observations, max(m.confidence) as confidence, 1 as active
      from {{ r['matches'] }} as m
      inner join {{ dictionary }} as x on x.namespace = m.a_namespace and x.value = m.a_value
      inner join {{ dictionary }} as y on y.namespace = m.b_namespace and y.value = m.b_value
      where x.code <> y.code
      group by 1, 2, m.rule, m.source
    {%- endset -%}
    {%- do millrace.identity_put_edges(r, 'match', matched, columns) -%}
  {%- else -%}
    {%- do millrace.identity_put_edges(r, 'match', none_at_all, columns) -%}
  {%- endif -%}
  {%- do r.update({'moved': millrace.identity_scratch(here, 'moved',
    'select a as code from ' ~ edge ~ ' where from_run = ' ~ r['run'] ~ ' or to_run = ' ~ r['run']
    ~ ' union distinct select b as code from ' ~ edge ~ ' where from_run = ' ~ r['run'] ~ ' or to_run = ' ~ r['run'], 'moved ends')}) -%}
{%- endmacro %}

{#- Makes the open edges of one kind be what the query says; those that stay as they are stay open. -#}
{% macro identity_put_edges(r, kind, query, columns) -%}
  {%- set edge = millrace.identity_state(r['here'], 'state_edge') -%}
  {%- set wanted = millrace.identity_scratch_counted(r['here'], 'wanted_' ~ kind, query, kind ~ ' edges') -%}
  {%- set same = ' as w where w.a = e.a and w.b = e.b and w.rule = e.rule and w.source = e.source and w.confidence = e.confidence' -%}
  {%- if r['prev'] > 0 -%}
    {%- do millrace.identity_step('close edges', 'update ' ~ edge ~ ' as e set to_run = ' ~ r['run'] ~ " where to_run is null and kind = '" ~ kind
      ~ "' and not exists (select 1 from " ~ wanted['table'] ~ same ~ ')') -%}
  {%- endif -%}
  {%- if wanted['rows'] > 0 -%}
    {%- do millrace.identity_step('open edges', 'insert into ' ~ edge ~ ' (' ~ columns ~ ', from_run, to_run) select ' ~ columns ~ ', ' ~ r['run']
      ~ ', null from ' ~ wanted['table'] ~ " as e where not exists (select 1 from " ~ edge ~ ' as w where w.to_run is null and w.kind = e.kind and w.a = e.a and w.b = e.b and w.rule = e.rule and w.source = e.source and w.confidence = e.confidence)') -%}
  {%- endif -%}
{%- endmacro %}
