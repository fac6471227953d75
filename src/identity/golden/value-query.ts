import type { IdentityConfig } from "../../core/identity.ts";
import { text } from "../jinja.ts";
import { type PinInputs, pinnedSelect } from "./pins.ts";
import { decidedCandidates, rankedCandidates, winnersAndLosers } from "./ranking.ts";
import { goldenNamespaces, type Subject, subjectsOf } from "./subjects.ts";

/** Relations as Jinja or SQL. */
export interface GoldenInputs extends PinInputs {
  /** identity_record. */
  readonly record: string;
}

/**
 * One row per profile and trait that has a value: profile_id, trait, value, rule, source, record_key, seen_at, losing_values.
 * Each subject's records are ranked by its rules; what ties is ordered by source, key and value, the same in every run.
 */
export function valueQuery(config: IdentityConfig, inputs: GoldenInputs): string {
  const subjects = subjectsOf(config);
  const width = Math.max(...subjects.map(({ traits }) => traits.length));
  const parts = Array.from({ length: width }, (_, i) => `part_${i + 1}`);
  const expiring = config.sources.filter(({ ttlSeconds }) => ttlSeconds !== null);
  const traits = [...new Set(subjects.flatMap((subject) => subject.traits))];
  const pinned = pinnedSelect(inputs, goldenNamespaces(config));

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

${rankedCandidates({ subjects, times: "count(*)", tie: ["source", "record_key", "signature"] })},

${decidedCandidates({ subjects })},

said as (
  ${[...subjects.flatMap(saidSelects), ...(pinned === null ? [] : [pinned])].join("\n  union all\n  ")}
),

${winnersAndLosers}`;
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

function saidSelects({ name, traits }: Subject): string[] {
  return traits.map(
    (trait, i) =>
      `select profile_id, ${text(trait)} as trait, part_${i + 1} as value, rule, source, record_key, seen_at, place from decided where subject = ${text(name)}`,
  );
}
