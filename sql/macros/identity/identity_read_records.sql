{#-
  Brings the kept readings to what the sources hold now, as rows of a new run. `due`: the model's query, what is due by the readings that are open. `declared`: columns
  (identifiers, then traits), identifiers (how many of them are such), rules (what else of identity.yml concerns records).
  Everything is read anew where the query, so a rule, a column or a normaliser's SQL, is not the one of the published run, and where that run's readings are not there.
  Returns whether the table was made anew.
-#}
{% macro identity_read_records(here, due, declared) -%}
  {%- set reading = millrace.identity_state(here, 'state_reading') -%}
  {%- set runs = millrace.identity_state(here, 'state_run') -%}
  {%- do millrace.identity_ready_state(here) -%}
  {#- The instant of the build is in the query and is no rule. -#}
  {%- set rules = local_md5((due | replace(millrace.as_of_text(), '')) ~ tojson(declared)) -%}
  {%- set fresh = not millrace.identity_readings_fit(here, declared['columns']) -%}
  {%- set prev = millrace.identity_begin_run(here, rules, none if fresh else reading) -%}
  {%- set run = prev + 1 -%}
  {%- if fresh -%}
    {%- set stood = load_relation(reading) -%}
    {%- if stood is not none -%}
      {%- do adapter.drop_relation(stood) -%}
    {%- endif -%}
    {%- do millrace.identity_step('ensure', millrace.identity_state_create(here, 'state_reading', millrace.identity_reading_columns(declared['columns']), 'working')) -%}
  {%- endif -%}
  {%- set again = fresh or flags.FULL_REFRESH or prev == 0 or millrace.identity_count(
    'select case when (select max(rules) from ' ~ runs ~ ' where run = ' ~ prev ~ ") = '" ~ rules ~ "'"
    ~ ' and (select count(*) from ' ~ reading ~ ' where to_run is null and record_key is not null)'
    ~ ' = (select count(*) from ' ~ millrace.identity_state(here, 'state_record') ~ ' where to_run is null) then 0 else 1 end') == 1 -%}

  {%- set own = declared['columns'] -%}
  {%- set columns = (['source', 'record_key', 'seen_at', 'from_future'] + own + ['reading_fp']) | join(', ') -%}
  {%- set bare = 'case when coalesce(' ~ (own[:declared['identifiers']] + ['null']) | join(', ') ~ ') is null then 1 else 0 end' if declared['identifiers'] > 0 else '1' -%}
  {%- set open = 'insert into ' ~ reading ~ ' (' ~ columns ~ ', bare, from_run, to_run) select ' ~ columns ~ ', ' ~ bare ~ ', ' ~ run ~ ', null from ' -%}
  {%- set still = ' as d where reading_fp is not null and reading_known < 2' -%}
  {%- if again -%}
    {%- if not fresh and prev > 0 -%}
      {%- do millrace.identity_step('close readings', 'update ' ~ reading ~ ' set to_run = ' ~ run ~ ' where to_run is null') -%}
    {%- endif -%}
    {%- do millrace.identity_step('read records', open ~ '(\n' ~ due ~ '\n)' ~ still) -%}
    {%- do millrace.identity_step('read records', 'update ' ~ runs ~ ' set read_all = 1 where run = ' ~ run) -%}
    {%- do millrace.identity_statistics([reading]) -%}
  {%- else -%}
    {%- set due = millrace.identity_scratch(here, 'due', due, 'read records') -%}
    {%- do millrace.identity_refuse_read_copies(here, due) -%}
    {%- set mine = ' where to_run is null and ' -%}
    {%- if millrace.identity_count('select count(*) from ' ~ reading ~ mine ~ 'record_key is null') > 0 -%}
      {%- do millrace.identity_step('close readings', 'update ' ~ reading ~ ' set to_run = ' ~ run ~ mine ~ 'record_key is null') -%}
    {%- endif -%}
    {%- if millrace.identity_count('select count(*) from ' ~ due ~ ' where reading_known = 1') > 0 -%}
      {#- Said twice: DuckDB reads only the readings whose key is among the few, and joins by both columns what is left. -#}
      {%- do millrace.identity_step('close readings', 'update ' ~ reading ~ ' as k set to_run = ' ~ run ~ mine ~ 'record_key in (select record_key from ' ~ due ~ ' where reading_known = 1)'
        ~ ' and exists (select 1 from ' ~ due ~ ' as d where d.source = k.source and d.record_key = k.record_key and d.reading_known = 1)') -%}
    {%- endif -%}
    {%- do millrace.identity_step('read records', open ~ due ~ still) -%}
  {%- endif -%}
  {%- do millrace.identity_put_steps(here, run) -%}
  {{ return(fresh) }}
{%- endmacro %}

{#- [name, type] of the kept readings. `bare`: 1 where a record has no identifier. -#}
{% macro identity_reading_columns(own) -%}
  {%- set text = dbt.type_string() -%}
  {%- set columns = [['source', text], ['record_key', text], ['seen_at', dbt.type_timestamp()], ['from_future', dbt.type_int()]] -%}
  {%- for name in own -%}
    {%- do columns.append([name, text]) -%}
  {%- endfor -%}
  {{ return(columns + [['reading_fp', dbt.type_bigint()], ['bare', dbt.type_int()]]) }}
{%- endmacro %}

{#- Is there a table of readings, with these columns? -#}
{% macro identity_readings_fit(here, own) -%}
  {%- set found = load_relation(millrace.identity_state(here, 'state_reading')) -%}
  {%- if found is none -%}
    {{ return(false) }}
  {%- endif -%}
  {%- set wanted = ['from_run', 'to_run'] -%}
  {%- for name, type in millrace.identity_reading_columns(own) -%}
    {%- do wanted.append(name | lower) -%}
  {%- endfor -%}
  {%- set columns = [] -%}
  {%- for column in adapter.get_columns_in_relation(found) -%}
    {%- do columns.append(column.name | lower) -%}
  {%- endfor -%}
  {{ return(columns | sort == wanted | sort) }}
{%- endmacro %}

{#- Copies of a key: more rows than keys that stay or are new, or a key that is due twice. -#}
{% macro identity_refuse_read_copies(here, due) -%}
  {%- set reading = millrace.identity_state(here, 'state_reading') -%}
  {%- set copies %}
    {#- Inside by another name: BigQuery takes `copies` in HAVING for the sum itself. #}
    select source, sum(surplus) as copies
    from (
      select source, reading_fp as surplus from {{ due }} where reading_known = 2
      union all
      select source, -1 * count(*) as surplus from {{ reading }} where to_run is null and record_key is not null group by source
      union all
      {#- gone: one less to expect; new: one more; each key once #}
      select source, count(distinct case when reading_fp is null then record_key end) - count(distinct case when reading_known = 0 then record_key end) as surplus
      from {{ due }}
      where reading_known < 2
      group by source
    ) as counts
    group by source
    having sum(surplus) > 0
    order by source
  {%- endset -%}
  {%- do millrace.identity_tell_copies(millrace.identity_read(copies)) -%}
{%- endmacro %}

{#- `copies`: rows of source and how many rows it has beyond its keys. -#}
{% macro identity_tell_copies(copies) -%}
  {%- if copies.rows | length > 0 -%}
    {%- set said = [] -%}
    {%- for source, rows in copies.rows -%}
      {%- do said.append('source ' ~ source ~ ': ' ~ rows ~ ' ' ~ ('row' if rows == 1 else 'rows')) -%}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error('IDENTITY_KEY_NOT_UNIQUE: records have the key of another one (' ~ said | join('; ') ~ '). Nothing was published. Name a unique column as `key:` in identity.yml, or mend the source.') -%}
  {%- endif -%}
{%- endmacro %}
