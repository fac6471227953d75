{#-
  What the last build of this model did: {at: its instant as text, identity_run: the run of identity it read, everybody: whether all
  profiles must be evaluated again}. They must after a build of another definition, one that stood at a later instant, or one that read a
  later run of identity. published: identity's pointer, where rows lead to profiles through identity.

  Asked while dbt renders, so that the edges of windows, then and now, are constants of the statement.
-#}
{% macro last_evaluation(definition, published=none) -%}
  {%- set query -%}
    select
        max(evaluated_at) as evaluated_at,
        max(case when evaluated_at = (select max(evaluated_at) from {{ this }}) then definition end) as definition
        {%- if published is not none %},
        max(
            case
                when evaluated_at = (select max(evaluated_at) from {{ this }})
                    then {{ millrace.own_column('identity_run', '0') }}
            end
        ) as identity_run,
        (select max(run) from {{ published }}) as published_run
        {%- endif %}
    from {{ this }}
  {%- endset -%}
  {%- set found = run_query(query).rows[0] -%}
  {%- set run = (found[2] or 0) | int if published is not none else 0 -%}
  {%- set ahead = published is not none and (found[3] or 0) | int < run -%}
  {%- if found[0] is none -%}
    {{ return({'at': '1900-01-01 00:00:00.000000', 'identity_run': run, 'everybody': true}) }}
  {%- endif -%}
  {%- set at = found[0].strftime('%Y-%m-%d %H:%M:%S.%f') -%}
  {%- set everybody = found[1] != definition or millrace.as_of_text() < at or ahead -%}
  {{ return({'at': at, 'identity_run': run, 'everybody': everybody}) }}
{%- endmacro %}
