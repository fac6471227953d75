{#-
  One row: records, matches_per_record, housemates_per_record. A rate that is not given is learnt from the pairs of this
  build, without labels: from one per record on, each step counts how many pairs the last rates make matches and how many
  housemates (expectation), and takes these counts as the next rates (maximisation). Twelve steps are more than it needs.
-#}
{% macro match_rates(histogram, records, matches_per_record=none, housemates_per_record=none) -%}
  {{ return(adapter.dispatch('match_rates', 'millrace')(histogram, records, matches_per_record, housemates_per_record)) }}
{%- endmacro %}

{% macro default__match_rates(histogram, records, matches_per_record, housemates_per_record) -%}
  {%- set float = millrace.type_double() -%}
with total as (
  select cast(count(*) as {{ float }}) as records from {{ records }}
),

evidence as (
  select
    cast(pairs as {{ float }}) as pairs,
    power(2.0, cast(greatest(-300, least(300, evidence_other)) as {{ float }})) as odds_other,
    power(2.0, cast(greatest(-300, least(300, evidence_other - evidence_housemate)) as {{ float }})) as odds_housemate
  from {{ histogram }}
  union all
  -- none at all are counted as no times one pair: BigQuery has no outer join without an equality
  select cast(0 as {{ float }}) as pairs, cast(1 as {{ float }}) as odds_other, cast(1 as {{ float }}) as odds_housemate
),

rate_0 as (
  select
    cast({{ 1.0 if matches_per_record is none else matches_per_record }} as {{ float }}) as matches,
    cast({{ 1.0 if housemates_per_record is none else housemates_per_record }} as {{ float }}) as housemates
)
{%- for step in range(1, 13) %},

rate_{{ step }} as (
  select
    {% if matches_per_record is none -%}
    greatest(0.01, sum(
      2 * pairs * before.matches * odds_other
      / (total.records + before.matches * odds_other + before.housemates * odds_housemate)
    ) / greatest(max(total.records), 1)) as matches,
    {%- else -%}
    max(before.matches) as matches,
    {%- endif %}
    {% if housemates_per_record is none -%}
    greatest(0.001, sum(
      2 * pairs * before.housemates * odds_housemate
      / (total.records + before.matches * odds_other + before.housemates * odds_housemate)
    ) / greatest(max(total.records), 1)) as housemates
    {%- else -%}
    max(before.housemates) as housemates
    {%- endif %}
  from total
  cross join rate_{{ step - 1 }} as before
  cross join evidence
)
{%- endfor %}

select
  total.records,
  rate_12.matches as matches_per_record,
  rate_12.housemates as housemates_per_record
from total
cross join rate_12
{%- endmacro %}
