{#-
  Which identifiers may not link: blocked by value or pattern, found to link too many, or over a fan-out limit. Judges those whose
  records changed (all, where the rules changed), and those beside one whose status changed. Makes the working table `flipped` (code).
-#}
{% macro identity_judge_identifiers(r) -%}
  {%- set here = r['here'] -%}
  {%- set status = millrace.identity_state(here, 'state_status') -%}
  {%- set observation = millrace.identity_state(here, 'state_observation') -%}
  {%- set dictionary = millrace.identity_state(here, 'dictionary') -%}
  {%- set all = r['full'] or r['new_blocking'] -%}
  {%- set scope = namespace(table=r['touched']) -%}
  {%- if all -%}
    {%- set scope.table = millrace.identity_scratch(here, 'scope', 'select distinct code from ' ~ observation ~ ' where to_run is null', 'scope') -%}
  {%- endif -%}

  {#- 1: values and patterns -#}
  {%- set rules = [] -%}
  {%- for rule in r['d']['blocked'] -%}
    {%- set tests = [] -%}
    {%- if rule['values'] | length > 0 -%}
      {%- set literals = [] -%}
      {%- for value in rule['values'] -%}
        {%- do literals.append(dbt.string_literal(dbt.escape_single_quotes(value))) -%}
      {%- endfor -%}
      {%- do tests.append('d.value in (' ~ literals | join(', ') ~ ')') -%}
    {%- endif -%}
    {%- for pattern in rule['patterns'] -%}
      {%- do tests.append(millrace.matches_pattern('d.value', pattern)) -%}
    {%- endfor -%}
    {%- if tests | length > 0 -%}
      {%- do rules.append(("(d.namespace = '" ~ rule['namespace'] ~ "' and " if rule['namespace'] else '(') ~ '(' ~ tests | join(' or ') ~ '))') -%}
    {%- endif -%}
  {%- endfor -%}
  {%- set blocked %}
    select d.code, 'blocked_value' as guard, 'listed in identity.yml' as evidence
    from {{ dictionary }} as d
    inner join {{ scope.table }} as s on s.code = d.code
    where {{ rules | join(' or ') if rules | length > 0 else '1 = 0' }}
  {%- endset -%}
  {%- do millrace.identity_put_status(r, scope.table, 'blocked_value', blocked) -%}
  {%- if not all -%}
    {%- set scope.table = millrace.identity_widen(r, scope.table, 1) -%}
  {%- endif -%}

  {#- 2: found to link too many values of one other namespace. What a system vouches for is no shared value, however often it occurs. -#}
  {%- set limit = r['d']['guards']['learn_blocked_above'] -%}
  {%- set open_to_doubt = r['d']['namespaces'] | rejectattr('verified') | map(attribute='ns') | list -%}
  {%- if limit is not none and open_to_doubt | length > 0 -%}
    {%- set width = namespace(slots=0) -%}
    {%- for each in r['d']['namespaces'] -%}
      {%- set width.slots = width.slots + each['columns'] | length -%}
    {%- endfor -%}
    {%- set learned %}
      with often as (
        select o.code
        from {{ observation }} as o
        inner join {{ scope.table }} as s on s.code = o.code
        where o.to_run is null and o.ns in ({{ open_to_doubt | join(', ') }})
        group by o.code
        having count(*) * {{ width.slots }} > {{ limit }}
      ),
      beside as (
        select o.code, other.ns, other.code as other_code
        from {{ observation }} as o
        inner join often on often.code = o.code
        inner join {{ observation }} as other on other.record_id = o.record_id and other.code <> o.code
        left join {{ status }} as s on s.code = other.code and s.to_run is null and s.guard = 'blocked_value'
        left join {{ status }} as own on own.code = o.code and own.to_run is null and own.guard = 'blocked_value'
        where o.to_run is null and other.to_run is null and s.code is null and own.code is null
      ),
      counted as (
        select code, ns, count(distinct other_code) as others from beside group by code, ns
      )
      select code, 'learned_value' as guard, 'seen with ' || cast(max(others) as {{ dbt.type_string() }}) || ' values of one namespace, limit {{ limit }}' as evidence
      from counted
      where others > {{ limit }}
      group by code
    {%- endset -%}
    {%- do millrace.identity_put_status(r, scope.table, 'learned_value', learned) -%}
  {%- else -%}
    {%- do millrace.identity_put_status(r, scope.table, 'learned_value', none) -%}
  {%- endif -%}
  {%- if not all -%}
    {%- set scope.table = millrace.identity_widen(r, scope.table, 2) -%}
  {%- endif -%}

  {#- 3: fan-out limits, counted back from the identifier's last sighting; an undated record counts always -#}
  {%- set limited = [] -%}
  {%- for each in r['d']['namespaces'] -%}
    {%- for limit in each['limits'] -%}
      {%- set other = (r['d']['namespaces'] | selectattr('name', 'equalto', limit['namespace']) | list)[0] -%}
      {%- set one %}
        select code, 'fan_out' as guard, 'seen with ' || cast(count(*) as {{ dbt.type_string() }}) || ' values of {{ other['name'] }}, limit {{ limit['most'] }}' as evidence
        from (
          select pair.code, pair.other_code
          from (
            select o.code, e.code as other_code, max(e.seen_at) as last_at, count(e.seen_at) as dated, count(*) as times
            from {{ observation }} as o
            inner join {{ scope.table }} as s on s.code = o.code
            inner join {{ observation }} as e on e.record_id = o.record_id and e.ns = {{ other['ns'] }} and e.to_run is null
            left join {{ status }} as x on x.to_run is null and x.code = e.code and x.guard in ('blocked_value', 'learned_value')
            left join {{ status }} as own on own.to_run is null and own.code = o.code and own.guard in ('blocked_value', 'learned_value')
            where o.ns = {{ each['ns'] }} and o.to_run is null and x.code is null and own.code is null
            group by o.code, e.code
          ) as pair
          {%- if limit['within_seconds'] is not none %}
          inner join (
            select o.code, max(o.seen_at) as last_at
            from {{ observation }} as o
            inner join {{ scope.table }} as s on s.code = o.code
            where o.ns = {{ each['ns'] }} and o.to_run is null
            group by o.code
          ) as whole on whole.code = pair.code
          where pair.dated < pair.times or pair.last_at >= {{ millrace.instant_plus(-1 * limit['within_seconds'] | int, 'second', 'whole.last_at') }}
          {%- endif %}
        ) as counted
        group by code
        having count(*) > {{ limit['most'] }}
      {%- endset -%}
      {%- do limited.append(one) -%}
    {%- endfor -%}
  {%- endfor -%}
  {%- set over = none -%}
  {%- if limited | length > 0 -%}
    {%- set over = 'select code, max(guard) as guard, max(evidence) as evidence from (' ~ limited | join(' union all ') ~ ') as limited group by code' -%}
  {%- endif -%}
  {%- do millrace.identity_put_status(r, scope.table, 'fan_out', over) -%}

  {#- Who may link now and could not, or the other way round. -#}
  {%- set flips %}
    select code
    from (
      select code,
        max(case when from_run < {{ r['run'] }} then 1 else 0 end) as before_run,
        max(case when to_run is null then 1 else 0 end) as after_run
      from {{ status }}
      group by code
    ) as each_code
    where before_run <> after_run
  {%- endset -%}
  {%- set flipped = millrace.identity_scratch_counted(here, 'flipped', flips, 'flipped identifiers') -%}
  {%- do r.update({'flipped': flipped['table']}) -%}
  {%- do r['sizes'].update({'flipped identifiers': flipped['rows']}) -%}
{%- endmacro %}

{#- Makes the open rows of one guard, for the codes in scope, be what the query says; none: there are none. -#}
{% macro identity_put_status(r, scope, guard, query) -%}
  {%- set status = millrace.identity_state(r['here'], 'state_status') -%}
  {%- if query is none -%}
    {%- if r['prev'] > 0 -%}
      {%- do millrace.identity_step('judge', 'update ' ~ status ~ ' set to_run = ' ~ r['run'] ~ " where to_run is null and guard = '" ~ guard ~ "' and code in (select code from " ~ scope ~ ')') -%}
    {%- endif -%}
  {%- else -%}
    {%- set found = millrace.identity_scratch(r['here'], guard, query, 'judge') -%}
    {%- if r['prev'] > 0 -%}
      {%- do millrace.identity_step('judge', 'update ' ~ status ~ ' set to_run = ' ~ r['run'] ~ " where to_run is null and guard = '" ~ guard
        ~ "' and (code in (select code from " ~ scope ~ ')' ~ (" or 1 = 1" if r['full'] or r['new_blocking']) ~ ') and code not in (select code from ' ~ found ~ ')') -%}
    {%- endif -%}
    {%- do millrace.identity_step('judge', 'insert into ' ~ status ~ ' (code, guard, evidence, from_run, to_run) select f.code, f.guard, f.evidence, ' ~ r['run']
      ~ ', null from ' ~ found ~ ' as f left join ' ~ status ~ " as s on s.code = f.code and s.guard = '" ~ guard ~ "' and s.to_run is null where s.code is null") -%}
  {%- endif -%}
{%- endmacro %}

{#- The scope, and who shares a record with one whose status changed in this run. -#}
{% macro identity_widen(r, scope, step) -%}
  {%- set status = millrace.identity_state(r['here'], 'state_status') -%}
  {%- set observation = millrace.identity_state(r['here'], 'state_observation') -%}
  {%- set moved = 'select code from ' ~ status ~ ' where from_run = ' ~ r['run'] ~ ' or to_run = ' ~ r['run'] -%}
  {%- if millrace.identity_count('select count(*) from (' ~ moved ~ ') as moved') == 0 -%}
    {{ return(scope) }}
  {%- endif -%}
  {%- set wider %}
    select code from {{ scope }}
    union distinct
    select other.code
    from {{ observation }} as o
    inner join {{ observation }} as other on other.record_id = o.record_id
    where o.to_run is null and other.to_run is null and o.code in ({{ moved }})
  {%- endset -%}
  {{ return(millrace.identity_scratch(r['here'], 'scope' ~ step, wider, 'scope')) }}
{%- endmacro %}
