import type { IdentityConfig, SurvivorshipRule } from "../../core/identity.ts";
import { text } from "../jinja.ts";
import { type Subject, subjectsOf } from "./subjects.ts";

/** Relations as Jinja or SQL. */
export interface GoldenInputs {
  /** namespace, value, profile_id: who is who, records among them. */
  readonly component: string;
  /** identity_record. */
  readonly record: string;
  /** namespace, value, trait, pinned_value, decided_at: what people decided; null: nothing can be. */
  readonly pin: string | null;
}

const keyOf: Readonly<Record<SurvivorshipRule, string>> = {
  trust: "trust",
  most_recent: "recency",
  most_frequent: "-frequency",
  longest: "-size",
};

/**
 * One row per profile and trait that has a value: profile_id, trait, value, rule, source, record_key, seen_at, losing_values.
 * Each subject's records are ranked by its rules; what ties is ordered by source, key and value, the same in every run.
 */
export function valueQuery(config: IdentityConfig, inputs: GoldenInputs): string {
  const subjects = subjectsOf(config);
  const width = Math.max(...subjects.map(({ traits }) => traits.length));
  const most = Math.max(...subjects.map(({ order }) => order.length));
  const parts = Array.from({ length: width }, (_, i) => `part_${i + 1}`);
  const keys = Array.from({ length: most }, (_, i) => `key_${i + 1}`);
  const expiring = config.sources.filter(({ ttlSeconds }) => ttlSeconds !== null);
  const traits = [...new Set(subjects.flatMap((subject) => subject.traits))];

  return `with bearer as (
  select
    component.profile_id,
    record.source,
    record.record_key,
    record.seen_at,
    case record.source
      ${config.sources.map(({ name, trust }) => `when ${text(name)} then ${trust}`).join("\n      ")}
    end as trust,
    ${traits.map((trait) => `nullif(trim(record.trait_${trait}), '') as trait_${trait}`).join(",\n    ")}
  from ${inputs.record} as record
  inner join ${inputs.component} as component
    on component.namespace = 'record:' || record.source
    and component.value = record.record_key${expiring.length === 0 ? "" : `\n  -- what a source said longer ago than its ttl counts no more; what it never dated does\n  where ${expiring.map(stillCounts).join("\n    and ")}`}
),

subject as (
  ${subjects.map(({ name }) => `select ${text(name)} as subject`).join("\n  union all ")}
),

spread as (
  select
    bearer.profile_id,
    subject.subject,
    bearer.source,
    bearer.record_key,
    bearer.seen_at,
    bearer.trust,
    ${parts.map((part, i) => `${partCase(subjects, i)} as ${part}`).join(",\n    ")}
  from bearer
  cross join subject
),

candidate as (
  select
    *,
    -- a bundle's parts count as one value
    ${parts.map((part) => `coalesce(${part}, '')`).join(" || '|' || ")} as signature,
    ${parts.map((part) => `coalesce(length(${part}), 0)`).join(" + ")} as size
  from spread
  where ${parts.map((part) => `${part} is not null`).join(" or ")}
),

measured as (
  select
    *,
    count(*) over (partition by profile_id, subject, signature) as frequency,
    dense_rank() over (
      partition by profile_id, subject
      order by case when seen_at is null then 1 else 0 end, seen_at desc
    ) as recency
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
      order by ${keys.join(", ")}, source, record_key, signature
    ) as place
  from keyed
),

-- the best record and the best one that says something else: the rule that tells the two apart decides. Windows, no joins:
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
    ${keys.flatMap((key) => [`max(case when place = 1 then ${key} end) over (partition by profile_id, subject) as won_${key}`, `max(case when place = rival_place then ${key} end) over (partition by profile_id, subject) as rival_${key}`]).join(",\n    ")}
  from rivalled
),

decided as (
  select
    *,
    ${ruleCase(subjects, keys)} as rule
  from faced
),

said as (
  ${[...subjects.flatMap(saidSelects), ...pinned(inputs)].join("\n  union all\n  ")}
),

headed as (
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
  nullif({{ dbt.listagg("case when lost = 1 then value || ' (' || said_by || ')' end", "'; '", "order by place, value") }}, '') as losing_values
from heard
group by profile_id, trait`;
}

function stillCounts({ name, ttlSeconds }: IdentityConfig["sources"][number]): string {
  const since = `{{ millrace.instant_plus(-${ttlSeconds ?? 0}, 'second', millrace.as_of()) }}`;
  return `(record.source <> ${text(name)} or record.seen_at is null or record.seen_at >= ${since})`;
}

function partCase(subjects: readonly Subject[], index: number): string {
  const cases = subjects.flatMap(({ name, traits }) => {
    const trait = traits[index];
    return trait === undefined ? [] : [`when ${text(name)} then bearer.trait_${trait}`];
  });
  return `case subject.subject\n      ${cases.join("\n      ")}\n    end`;
}

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

function saidSelects({ name, traits }: Subject): string[] {
  return traits.map(
    (trait, i) =>
      `select profile_id, ${text(trait)} as trait, part_${i + 1} as value, rule, source, record_key, seen_at, place from decided where subject = ${text(name)}`,
  );
}

/** The last pin of a trait stands before all that sources say. */
function pinned({ pin, component }: GoldenInputs): string[] {
  if (pin === null) return [];
  return [
    `select
    profile_id,
    trait,
    value,
    'pinned' as rule,
    'decision' as source,
    cast(null as {{ dbt.type_string() }}) as record_key,
    decided_at as seen_at,
    0 as place
  from (
    select
      component.profile_id,
      pin.trait,
      pin.pinned_value as value,
      pin.decided_at,
      row_number() over (
        partition by component.profile_id, pin.trait
        order by pin.decided_at desc, pin.pinned_value
      ) as place
    from ${pin} as pin
    inner join ${component} as component on component.namespace = pin.namespace and component.value = pin.value
  ) as pins
  where place = 1`,
  ];
}
