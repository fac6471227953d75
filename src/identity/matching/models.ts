import { createHash } from "node:crypto";
import type { Matching } from "../../core/identity.ts";
import { usualRecords, usualShare } from "../../core/match-weights.ts";
import { type Block, blocksOf, mostRecordsPerBlock } from "./blocks.ts";
import { evidenceCase } from "./evidence.ts";
import { levelCase, nameTraits } from "./levels.ts";

const indent = (text: string, by: number): string => text.replaceAll("\n", `\n${" ".repeat(by)}`);
const list = (lines: readonly string[], by: number): string =>
  lines.map((line) => indent(line, by)).join(`,\n${" ".repeat(by)}`);
const traitsOf = ({ weighing }: Matching): string[] => weighing.traits.map(({ trait }) => trait);

const normalisers = {
  name: "normalise_name",
  text: "normalise_name",
  date: "date_digits",
  code: "normalise_code",
} as const;

/** One row per record that has a compared trait, its values as they are compared, and how common each value is. */
export function recordModel(matching: Matching): string {
  const values = matching.compare.map(({ trait, kind }) => {
    if (kind === "exact" || kind === "email")
      return `nullif(lower(trim(cast(trait_${trait} as {{ dbt.type_string() }}))), '') as ${trait}`;
    return `{{ millrace.${kind === "phone" ? "normalise_code" : normalisers[kind]}('trait_${trait}') }} as ${trait}`;
  });
  const shares = matching.weighing.traits.map(({ trait, role }) => {
    const bearers = `count(*) over (partition by ${trait}) + ${Number((usualShare[role] * usualRecords).toFixed(6))}`;
    return `case when ${trait} is not null then cast(${bearers} as {{ millrace.type_double() }}) / (count(${trait}) over () + ${usualRecords}) end as ${trait}_share`;
  });
  const fingerprint = traitsOf(matching)
    .map((trait) => `coalesce(${trait}, '')`)
    .join(" || '|' || ");
  return `{{ config(materialized='table') }}

with record as (
  select
    'record:' || source as namespace,
    cast(record_key as {{ dbt.type_string() }}) as record_key,
    ${list(values, 4)}
  from {{ ref('identity_record') }}
),

described as (
  select *
  from record
  where ${traitsOf(matching)
    .map((trait) => `${trait} is not null`)
    .join("\n    or ")}
)

select
  namespace || '/' || record_key as record_id,
  namespace,
  record_key,
  ${list(traitsOf(matching), 2)},
  -- the share of records that bear the same value, among these and a thousand records of people in general
  ${list(shares, 2)},
  {{ dbt.hash("${fingerprint}") }} as fingerprint
from described
`;
}

/** Pairs of records that a block brings together, with a level per trait. What did not change is not compared again. */
export function pairModel(matching: Matching): string {
  const names = nameTraits(matching.weighing);
  const levels = matching.weighing.traits.map(
    ({ trait, role, levels: all }) => `${levelCase({ trait, role, ...names }, all)} as ${trait}`,
  );
  const blocks = blocksOf(matching.weighing, matching.blockOn);
  const rules = createHash("sha256").update(levels.join("\n")).digest("hex").slice(0, 12);
  const columns = ["a_record", "b_record", "a_fingerprint", "b_fingerprint", ...traitsOf(matching), "rules"];
  return `{{ config(materialized='table', pre_hook=["{{ millrace.match_prepare() }}"]) }}
-- pairs of an earlier build whose records are as they were are kept as they are; nothing else is compared
{%- set earlier = load_relation(this) if execute and not flags.FULL_REFRESH else none -%}
{%- set kept = earlier is not none and 'rules' in (adapter.get_columns_in_relation(earlier) | map(attribute='name') | map('lower') | list) %}

with record as (
  select * from {{ ref('identity_match_record') }}
),

-- records that agree in all of a block's values may be one person
block as (
  ${indent(blocks.map(blockSelect).join("\nunion all\n"), 2)}
),

block_size as (
  select rule, block_key
  from block
  group by rule, block_key
  -- a value that many share says little, and its pairs would be many
  having count(*) between 2 and ${mostRecordsPerBlock}
),

useful_block as (
  select block.rule, block.block_key, block.record_id
  from block
  inner join block_size on block_size.rule = block.rule and block_size.block_key = block.block_key
),

candidate as (
  select distinct a.record_id as a_record, b.record_id as b_record
  from useful_block as a
  inner join useful_block as b on b.rule = a.rule and b.block_key = a.block_key and a.record_id < b.record_id
),

candidate_now as (
  select candidate.a_record, candidate.b_record, a.fingerprint as a_fingerprint, b.fingerprint as b_fingerprint
  from candidate
  inner join record as a on a.record_id = candidate.a_record
  inner join record as b on b.record_id = candidate.b_record
),
{% if kept %}
known as (
  select ${columns.map((column) => `pair.${column}`).join(", ")}
  from {{ earlier }} as pair
  inner join candidate_now
    on candidate_now.a_record = pair.a_record
    and candidate_now.b_record = pair.b_record
    and candidate_now.a_fingerprint = pair.a_fingerprint
    and candidate_now.b_fingerprint = pair.b_fingerprint
  -- how levels are decided
  where pair.rules = '${rules}'
),

fresh as (
  select candidate_now.*
  from candidate_now
  left join known on known.a_record = candidate_now.a_record and known.b_record = candidate_now.b_record
  where known.a_record is null
),
{% else %}
fresh as (
  select * from candidate_now
),
{% endif %}
compared as (
  select
    fresh.a_record,
    fresh.b_record,
    fresh.a_fingerprint,
    fresh.b_fingerprint,
    ${list(levels, 4)},
    '${rules}' as rules
  from fresh
  inner join record as a on a.record_id = fresh.a_record
  inner join record as b on b.record_id = fresh.b_record
)

select ${columns.join(", ")} from compared
{% if kept %}
union all
select ${columns.join(", ")} from known
{% endif %}
`;
}

function blockSelect({ traits, expressions }: Block, index: number): string {
  const present = [...new Set(traits)].map((trait) => `${trait} is not null`).join(" and ");
  return `select ${index + 1} as rule, ${expressions.join(" || '|' || ")} as block_key, record_id from record where ${present}`;
}

/** Levels of pairs drawn at random, ten per record and the same in every run: what any two people look like. Only training reads it. */
export function randomModel(matching: Matching): string {
  const names = nameTraits(matching.weighing);
  const levels = matching.weighing.traits.map(
    ({ trait, role, levels: all }) => `${levelCase({ trait, role, ...names }, all)} as ${trait}`,
  );
  const counts = traitsOf(matching).map(
    (trait) => `select '${trait}' as trait, ${trait} as level, count(*) as pairs from drawn group by ${trait}`,
  );
  return `{{ config(materialized='view') }}

with numbered as (
  select
    *,
    row_number() over (order by fingerprint, record_id) as place,
    count(*) over () as records
  from {{ ref('identity_match_record') }}
),

shift as (
  ${[101, 211, 307, 401, 503, 601, 701, 809, 907, 1009].map((by) => `select ${by} as places`).join(" union all ")}
),

drawn as (
  select
    ${list(levels, 4)}
  from numbered as a
  cross join shift
  inner join numbered as b on b.place = mod(a.place + shift.places, a.records) + 1
  where a.record_id <> b.record_id
)

${counts.join("\nunion all\n")}
`;
}

/** The evidence of every pair, in bits. */
export function scoreModel(matching: Matching): string {
  const sum = (against: "other" | "housemate") =>
    matching.weighing.traits.map((trait) => `${indent(evidenceCase(trait, against), 4)}`).join("\n    + ");
  return `{{ config(materialized='table') }}
-- evidence in bits: log2 of how much likelier the levels are in records of one person than in records of others
-- weights: ${matching.weighing.from ?? "the default for people"}

select
  p.a_record,
  p.b_record,
  -- against any two people
  cast(
    ${sum("other")}
  as {{ millrace.type_double() }}) as evidence_other,
  -- against two people of one household
  cast(
    ${sum("housemate")}
  as {{ millrace.type_double() }}) as evidence_housemate
from {{ ref('identity_match_pair') }} as p
inner join {{ ref('identity_match_record') }} as a on a.record_id = p.a_record
`;
}

/** How many pairs give which evidence, to a tenth of a bit: all that the rates need. */
export function histogramModel(): string {
  return `{{ config(materialized='table') }}

select
  round(cast(evidence_other as {{ dbt.type_numeric() }}), 1) as evidence_other,
  round(cast(evidence_housemate as {{ dbt.type_numeric() }}), 1) as evidence_housemate,
  count(*) as pairs
from {{ ref('identity_match_score') }}
group by 1, 2
`;
}

/** How many other records of the same person, and of its household, a record has on average. */
export function rateModel({ weighing }: Matching): string {
  const fixed = (rate: number | null) => (rate === null ? "none" : String(rate));
  return `{{ config(materialized='table') }}

{{ millrace.match_rates(
  histogram=ref('identity_match_histogram'),
  records=ref('identity_match_record'),
  matches_per_record=${fixed(weighing.matchesPerRecord)},
  housemates_per_record=${fixed(weighing.housematesPerRecord)}
) }}
`;
}

/** Pairs that are one person with at least the threshold's probability, as edges between their records. */
export function edgeModel(matching: Matching): string {
  const says = traitsOf(matching).map(
    (trait) => `case when pair.${trait} in ('missing', 'different') then '' else ' ${trait} ' || pair.${trait} end`,
  );
  return `{{ config(materialized='table') }}

with scored as (
  select
    score.a_record,
    score.b_record,
    -- odds against a match, from both sides
    1.0 / (
      1.0
      + power(2.0, greatest(-300.0, least(300.0, 0.0 - score.evidence_other)))
        / greatest(rate.matches_per_record / rate.records, 1e-15)
      + power(2.0, greatest(-300.0, least(300.0, 0.0 - score.evidence_housemate)))
        * rate.housemates_per_record / rate.matches_per_record
    ) as confidence
  from {{ ref('identity_match_score') }} as score
  cross join {{ ref('identity_match_rate') }} as rate
)

select
  a.namespace as a_namespace,
  a.record_key as a_value,
  b.namespace as b_namespace,
  b.record_key as b_value,
  'match:' || ${says.join("\n    || ")} as rule,
  scored.confidence,
  case
    when a.namespace = b.namespace then substring(a.namespace, 8)
    else substring(a.namespace, 8) || ' + ' || substring(b.namespace, 8)
  end as source
from scored
inner join {{ ref('identity_match_pair') }} as pair
  on pair.a_record = scored.a_record and pair.b_record = scored.b_record
inner join {{ ref('identity_match_record') }} as a on a.record_id = scored.a_record
inner join {{ ref('identity_match_record') }} as b on b.record_id = scored.b_record
where scored.confidence >= ${matching.threshold}
`;
}
