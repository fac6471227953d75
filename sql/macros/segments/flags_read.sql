{#-
  Up to which build of `segment_flags` a history of memberships has been read: only profiles whose flags a later build changed can have
  entered or left. none: the history must be held against everybody. So after a first build, or one of a table begun anew; and where so
  many changed that this is cheaper.

  Asked while dbt renders, as the two ways are two statements.
-#}
{% macro flags_read(history, flags) -%}
  {%- set read -%}
    select coalesce(max({{ millrace.own_column('flags_build', '0') }}), 0) from {{ history }}
  {%- endset -%}
  {%- set query -%}
    select
        ({{ read }}) as known,
        (select coalesce(max(flags_build), 0) from {{ flags }}) as latest,
        (select count(*) from {{ flags }}) as profiles,
        (select count(*) from {{ flags }} where flags_build > ({{ read }})) as changed
  {%- endset -%}
  {%- set found = run_query(query).rows[0] -%}
  {%- set known, latest, profiles, changed = found[0] | int, found[1] | int, found[2] | int, found[3] | int -%}
  {%- set same_table = known // 100000000 == latest // 100000000 and known <= latest -%}
  {{ return(known if same_table and 5 * changed <= profiles else none) }}
{%- endmacro %}
