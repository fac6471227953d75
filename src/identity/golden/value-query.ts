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

winner as (
  select * from ranked where place = 1
),

-- the best record that says something else: the rule that told the two apart decided
rival as (
  select
    profile_id,
    subject,
    ${keys.join(",\n    ")}
  from (
    select
      ranked.*,
      row_number() over (partition by ranked.profile_id, ranked.subject order by ranked.place) as rival_place
    from ranked
    inner join winner on winner.profile_id = ranked.profile_id and winner.subject = ranked.subject
    where ranked.signature <> winner.signature
  ) as others
  where rival_place = 1
),

decided as (
  select
    winner.profile_id,
    winner.subject,
    ${ruleCase(subjects, keys)} as rule
  from winner
  left join rival on rival.profile_id = winner.profile_id and rival.subject = winner.subject
),

said as (
  ${subjects.flatMap(saidSelects).join("\n  union all ")}
),

${pinned(inputs)}

chosen as (
  select
    profile_id, trait, value, rule, source, record_key, seen_at
  from pinned
  union all
  select said.profile_id, said.trait, said.value, decided.rule, said.source, said.record_key, said.seen_at
  from said
  inner join decided on decided.profile_id = said.profile_id and decided.subject = said.subject
  left join pinned on pinned.profile_id = said.profile_id and pinned.trait = said.trait
  where said.place = 1 and pinned.profile_id is null
),

lost as (
  select profile_id, trait, value, min(place) as place, min(source) as source
  from (
    select said.profile_id, said.trait, said.value, said.place, said.source
    from said
    inner join chosen on chosen.profile_id = said.profile_id and chosen.trait = said.trait
    where said.value is not null and (chosen.value is null or said.value <> chosen.value)
  ) as others
  group by profile_id, trait, value
),

losing as (
  select
    profile_id,
    trait,
    {{ dbt.listagg("value || ' (' || source || ')'", "'; '", "order by place, value") }} as losing_values
  from lost
  group by profile_id, trait
)

select
  chosen.profile_id,
  chosen.trait,
  chosen.value,
  chosen.rule,
  chosen.source,
  chosen.record_key,
  chosen.seen_at,
  losing.losing_values
from chosen
left join losing on losing.profile_id = chosen.profile_id and losing.trait = chosen.trait`;
}

function stillCounts({ name, ttlSeconds }: IdentityConfig["sources"][number]): string {
  const since = `{{ dbt.dateadd('second', -${ttlSeconds ?? 0}, millrace.as_of()) }}`;
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
    return `when rival.${key} <> winner.${key} then case winner.subject ${by.join(" ")} end`;
  });
  return `case\n      when rival.profile_id is null then 'only_value'\n      ${names.join("\n      ")}\n      else 'tie_break'\n    end`;
}

function saidSelects({ name, traits }: Subject): string[] {
  return traits.map(
    (trait, i) =>
      `select profile_id, subject, ${text(trait)} as trait, part_${i + 1} as value, source, record_key, seen_at, place from ranked where subject = ${text(name)}`,
  );
}

/** The last pin of a trait wins; it stands whatever sources say. */
function pinned({ pin, component }: GoldenInputs): string {
  const columns = `cast(null as {{ dbt.type_string() }}) as profile_id,
    cast(null as {{ dbt.type_string() }}) as trait,
    cast(null as {{ dbt.type_string() }}) as value,
    'pinned' as rule,
    'decision' as source,
    cast(null as {{ dbt.type_string() }}) as record_key,
    cast(null as {{ dbt.type_timestamp() }}) as seen_at`;
  if (pin === null) return `pinned as (\n  select\n    ${columns}\n  where 1 = 0\n),`;
  return `pinned as (
  select
    profile_id,
    trait,
    value,
    'pinned' as rule,
    'decision' as source,
    cast(null as {{ dbt.type_string() }}) as record_key,
    decided_at as seen_at
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
  where place = 1
),`;
}
