{#-
  Records of a source whose reading is due: new ones and those whose declared columns are other than when they were read, each with all its columns; and
  keys that are gone, with nothing else. A query in brackets. Beside the source's columns: reading_key, reading_fp (NULL: gone), reading_kept (the key as it was read before).

  `columns` are what identifiers and traits are made of, `at` is the record's instant or none. Only what is declared is read: a column of the source that is named as one
  of these three is in nobody's way, and `check` refuses to declare one. What is fingerprinted is exactly what normalisers and traits are
  given: the columns as text, the instant, and whether it is yet to come, which changes though the record does not.
-#}
{% macro identity_due(here, source, relation, key, at, skew, columns) -%}
  {%- set text = dbt.type_string() -%}
  {%- set inputs = [] -%}
  {%- set declared = [] -%}
  {%- for name in [key] + ([at] if at is not none else []) + columns -%}
    {#- Written as a word, a name has no letter case. -#}
    {%- set spelled = millrace.identity_column(name) -%}
    {%- set spelled = spelled | lower if spelled == name else spelled -%}
    {%- if spelled not in declared -%}
      {%- do declared.append(spelled) -%}
    {%- endif -%}
  {%- endfor -%}
  {%- for column in columns -%}
    {%- do inputs.append('cast(' ~ millrace.identity_column(column) ~ ' as ' ~ text ~ ')') -%}
  {%- endfor -%}
  {%- if at is not none -%}
    {%- set instant = 'cast(' ~ millrace.identity_column(at) ~ ' as ' ~ dbt.type_timestamp() ~ ')' -%}
    {%- do inputs.append(instant) -%}
    {%- do inputs.append('case when ' ~ instant ~ ' > ' ~ millrace.instant_plus(skew, 'second', millrace.as_of()) ~ ' then 1 else 0 end') -%}
  {%- endif -%}
  (
        select source_row.*, kept.reading_kept
        from (
            select {{ declared | join(', ') }}, cast({{ millrace.identity_column(key) }} as {{ text }}) as reading_key, {{ millrace.identity_fingerprint(inputs) }} as reading_fp
            from {{ relation }}
        ) as source_row
        full outer join (
            select record_key as reading_kept, reading_fp as kept_fp
            from {{ millrace.identity_state(here, 'state_reading') }}
            where source = '{{ source }}' and to_run is null and record_key is not null
        ) as kept on kept.reading_kept = source_row.reading_key
        where kept.kept_fp is null or source_row.reading_fp is null or kept.kept_fp <> source_row.reading_fp
    )
{%- endmacro %}

{#- How many records with a key a source has, as a row of what `identity_due` finds: copies of a key are told by it. `texts`: columns of identifiers and traits. -#}
{% macro identity_source_size(source, relation, key, texts) -%}
  {%- set nothing = 'cast(null as ' ~ dbt.type_string() ~ ')' -%}
  select '{{ source }}', {{ nothing }}, cast(null as {{ dbt.type_timestamp() }}), 0
  {%- for text in range(texts) %}, {{ nothing }}{% endfor %}, count({{ millrace.identity_column(key) }}), 2 from {{ relation }}
{%- endmacro %}

{#- A column of the user's: as it stands where every engine can take it so, quoted otherwise. -#}
{% macro identity_column(name) -%}
  {{ return(name if modules.re.match('^[A-Za-z_][A-Za-z0-9_]*$', name) else adapter.quote(name)) }}
{%- endmacro %}
