import type { SurvivorshipRule } from "../../core/identity.ts";
import { text } from "../jinja.ts";
import type { Subject } from "./subjects.ts";

const keyOf: Readonly<Record<SurvivorshipRule, string>> = {
  trust: "trust",
  most_recent: "recency",
  most_frequent: "0 - frequency",
  longest: "0 - size",
};

export interface Ranking {
  readonly subjects: readonly Subject[];
  /** SQL over a group of candidates: how many records say what they say. */
  readonly times: string;
  /** What orders candidates that tie by every rule; the last one tells any two of them apart. */
  readonly tie: readonly string[];
}

/**
 * CTEs from `candidate` (profile_id, subject, source, seen_at, trust, signature, size, and whatever else) to `ranked`, which adds
 * key_1… (the measure of each rule; the less, the better) and place (1 is the best candidate of its profile and subject).
 */
export function rankedCandidates({ subjects, times, tie }: Ranking): string {
  const keys = keysOf(subjects);
  const used = new Set(subjects.flatMap(({ order }) => order));
  const measures = [
    ...(used.has("most_frequent") ? [`${times} over (partition by profile_id, subject, signature) as frequency`] : []),
    ...(used.has("most_recent")
      ? [
          `dense_rank() over (
      partition by profile_id, subject
      order by case when seen_at is null then 1 else 0 end, seen_at desc
    ) as recency`,
        ]
      : []),
  ];
  return `measured as (
  select
    ${["*", ...measures].join(",\n    ")}
  from candidate
),

keyed as (
  select
    *,
    ${keys.map((key, i) => `${keyCase(subjects, i)} as ${key}`).join(",\n    ")}
  from measured
),

ranked as (
  select
    *,
    row_number() over (
      partition by profile_id, subject
      order by ${[...keys, ...tie].join(", ")}
    ) as place
  from keyed
)`;
}

/** CTEs from `ranked` to `decided`, which adds rule: what tells the best candidate from the best one that says something else. */
export function decidedCandidates({ subjects }: Pick<Ranking, "subjects">): string {
  const keys = keysOf(subjects);
  const faced = keys.flatMap((key) => [
    `max(case when place = 1 then ${key} end) over (partition by profile_id, subject) as won_${key}`,
    `max(case when place = rival_place then ${key} end) over (partition by profile_id, subject) as rival_${key}`,
  ]);
  return `-- the best record and the best one that says something else: the rule that tells the two apart decides. Windows, no joins:
-- planners that cannot foresee how many records a profile has compared every row with every other
won as (
  select
    *,
    first_value(signature) over (partition by profile_id, subject order by place) as won_signature
  from ranked
),

rivalled as (
  select
    *,
    min(case when signature <> won_signature then place end) over (partition by profile_id, subject) as rival_place
  from won
),

faced as (
  select
    *,
    ${faced.join(",\n    ")}
  from rivalled
),

decided as (
  select
    *,
    ${ruleCase(subjects, keys)} as rule
  from faced
)`;
}

/** CTEs and the last select over `said` (profile_id, trait, value, rule, source, record_key, seen_at, place): one row per profile and trait. */
export const winnersAndLosers = `headed as (
  select
    *,
    row_number() over (partition by profile_id, trait order by place) as turn,
    first_value(value) over (partition by profile_id, trait order by place) as winner
  from said
),

heard as (
  select
    *,
    case
      when value is not null and (winner is null or value <> winner)
        then row_number() over (partition by profile_id, trait, value order by place)
    end as lost,
    min(source) over (partition by profile_id, trait, value) as said_by
  from headed
)

select
  profile_id,
  trait,
  max(case when turn = 1 then value end) as value,
  max(case when turn = 1 then rule end) as rule,
  max(case when turn = 1 then source end) as source,
  max(case when turn = 1 then record_key end) as record_key,
  max(case when turn = 1 then seen_at end) as seen_at,
  -- no NULL among what is listed, and no empty delimiter: the stand-in of BigQuery knows neither. What did not lose is listed first, as nothing
  nullif(substring(
    {{ dbt.listagg("case when lost = 1 then value || ' (' || said_by || ')' else '' end", "'; '", "order by case when lost = 1 then 1 else 0 end, place, value") }},
    cast(2 * count(case when lost = 1 then null else 1 end) + 1 as {{ dbt.type_int() }})
  ), '') as losing_values
from heard
group by profile_id, trait`;

const keysOf = (subjects: readonly Subject[]): string[] =>
  Array.from({ length: Math.max(...subjects.map(({ order }) => order.length)) }, (_, i) => `key_${i + 1}`);

/** The measure of the rule that stands at this place of a subject's order; the less, the better. */
function keyCase(subjects: readonly Subject[], index: number): string {
  const by = new Map<SurvivorshipRule, string[]>();
  for (const { name, order } of subjects) {
    const rule = order[index];
    if (rule !== undefined) by.set(rule, [...(by.get(rule) ?? []), text(name)]);
  }
  const cases = [...by].map(([rule, names]) => `when subject in (${names.join(", ")}) then ${keyOf[rule]}`);
  return `case\n      ${cases.join("\n      ")}\n      else 0\n    end`;
}

function ruleCase(subjects: readonly Subject[], keys: readonly string[]): string {
  const names = keys.map((key, i) => {
    const by = subjects.map(({ name, order }) => `when ${text(name)} then ${text(order[i] ?? "tie_break")}`);
    return `when rival_${key} <> won_${key} then case subject ${by.join(" ")} end`;
  });
  return `case\n      when rival_place is null then 'only_value'\n      ${names.join("\n      ")}\n      else 'tie_break'\n    end`;
}
