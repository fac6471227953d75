import type { IdentityConfig } from "../../core/identity.ts";
import { text } from "../jinja.ts";
import { decidedCandidates, rankedCandidates, winnersAndLosers } from "./ranking.ts";
import { identifierSubjects } from "./subjects.ts";

/** Says which run is published, for the queries below. */
export const atPointer = `{% set pointer = '(select max(run) from ' ~ millrace.identity_state(this, 'state_pointer') ~ ')' %}`;

const state = (name: string): string => `{{ millrace.identity_state(this, '${name}') }}`;
const open = (name: string): string =>
  `{{ millrace.identity_open_rows(millrace.identity_state(this, '${name}'), pointer) }}`;

/** Rows of `state_golden` that show: traits as they were chosen, and pins of identifiers. */
export const stagedAtPointer = (columns: string): string =>
  `select ${columns} from ${open("state_golden")} as golden where trait is not null`;

/** Of one record's several values (`email`, `email_2`) the one declared first is worth most. */
const tie = ["worth", "source", "signature"];

/** The best identifier of every profile and namespace: profile_id, trait (the namespace), value; not where one is pinned. */
export function identifierValues(config: IdentityConfig): string | null {
  const subjects = identifierSubjects(config);
  if (subjects.length === 0) return null;
  return `select profile_id, subject as trait, part_1 as value
  from (
    with ${candidates(config, [])},

${rankedCandidates({ subjects, times: "sum(times)", tie })}

    -- pins are few: looked up in a hash of them, and joined to nothing, for Postgres expects one row of ranked and would scan them for each
    select profile_id, subject, part_1
    from ranked
    where place = 1 and subject || ' ' || profile_id not in (select trait || ' ' || profile_id from pinned)
  ) as best`;
}

/**
 * Where the identifiers of profile_golden come from, as `valueQuery` says it of traits. Read at the pointer from what the published
 * tables are made of: a value which a guard gave to another profile, or that is blocked, is nobody's here.
 */
export function identifierProvenance(config: IdentityConfig): string | null {
  const subjects = identifierSubjects(config);
  if (subjects.length === 0) return null;
  return `with ${candidates(config, ["record_key"])},

${rankedCandidates({ subjects, times: "sum(times)", tie })},

${decidedCandidates({ subjects })},

said as (
  select profile_id, subject as trait, part_1 as value, rule, source, record_key, seen_at, place from decided
  union all
  select profile_id, trait, value, rule, source, record_key, seen_at, 0 as place from pinned
),

${winnersAndLosers}`;
}

/**
 * CTEs `pinned` and `candidate`: one candidate per identifier and source that bears it, with the last record that does. What a source
 * said longer ago than its ttl counts no more, reckoned from the run that is published.
 */
function candidates(config: IdentityConfig, of: readonly "record_key"[]): string {
  const subjects = identifierSubjects(config);
  const names = subjects.map(({ name }) => text(name)).join(", ");
  const counted = subjects.some(({ order }) => order.includes("most_frequent"));
  const trust = config.sources.map(({ name, trust: rank }) => `when ${text(name)} then ${rank}`).join(" ");
  const keyed = of.length > 0;
  const record = keyed
    ? `\n    inner join ${open("state_record")} as record on record.record_id = observation.record_id`
    : "";
  const expiring = config.sources.flatMap(({ name, ttlSeconds }) =>
    ttlSeconds === null ? [] : [stillCounts(name, ttlSeconds)],
  );
  return `pinned as (
  select profile_id, trait, value, rule, source, record_key, seen_at
  from ${open("state_golden")} as golden
  where trait in (${names})
),

sighting as (
  select
    observation.code,
    observation.source,
    observation.seen_at,
    observation.worth,${keyed ? "\n    record.record_key," : ""}${counted ? "\n    count(*) over (partition by observation.code, observation.source) as times," : ""}
    row_number() over (
      partition by observation.code, observation.source
      order by
        case when observation.seen_at is null then 1 else 0 end,
        observation.seen_at desc,
        observation.worth${keyed ? ",\n        record.record_key" : ""}
    ) as turn
  from ${open("state_observation")} as observation${record}${expiring.length === 0 ? "" : `\n  where ${expiring.join("\n    and ")}`}
),

candidate as (
  select
    component.profile_id,
    dictionary.namespace as subject,
    sighting.source,
    sighting.seen_at,
    sighting.worth,${counted ? "\n    sighting.times," : ""}${keyed ? "\n    sighting.record_key," : ""}
    case sighting.source ${trust} end as trust,
    dictionary.value as part_1,
    dictionary.value as signature,
    length(dictionary.value) as size
  from sighting
  inner join ${state("dictionary")} as dictionary on dictionary.code = sighting.code
  inner join ${open("state_component")} as component on component.code = sighting.code
  where sighting.turn = 1 and dictionary.namespace in (${names})
)`;
}

function stillCounts(source: string, ttlSeconds: number): string {
  const since = `{{ millrace.instant_plus(-${ttlSeconds}, 'second', '(select max(as_of) from ' ~ millrace.identity_state(this, 'state_run') ~ ' where run = ' ~ pointer ~ ')') }}`;
  return `(observation.source <> ${text(source)} or observation.seen_at is null or observation.seen_at >= ${since})`;
}
