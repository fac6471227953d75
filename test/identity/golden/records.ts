import type { IdentityConfig, Survivorship } from "../../../src/core/identity.ts";

/** A source record of a golden test: source, key, days before the build (null: undated), and its traits. */
export interface GoldenRecord {
  readonly of: string;
  readonly source: string;
  readonly key: string;
  readonly daysAgo: number | null;
  readonly traits: Readonly<Record<string, string | null>>;
}

export const traits = ["first_name", "city", "postcode"] as const;

/** crm is trusted most and its word counts for two years; shop and web are trusted alike. */
export function goldenConfig(survivorship: readonly Survivorship[]): IdentityConfig {
  const source = (name: string, trust: number, ttlDays: number | null) => ({
    name,
    relation: { kind: "model", name: `stg_${name}` } as const,
    key: "id",
    at: "at",
    trust,
    confidence: 1,
    identifiers: {},
    traits: Object.fromEntries(traits.map((trait) => [trait, trait])),
    ttlSeconds: ttlDays === null ? null : ttlDays * 86_400,
  });
  return {
    namespaces: [],
    sources: [source("crm", 1, 730), source("shop", 2, null), source("web", 2, null)],
    blocked: [],
    guards: {
      learnBlockedAbove: null,
      maxCluster: null,
      strongFrom: null,
      limited: "attach",
      skewSeconds: 86_400,
      brake: { merges: null, largest: null },
    },
    survivorship,
    matching: null,
  };
}

const quoted = (value: string | null): string => (value === null ? "null" : `'${value.replaceAll("'", "''")}'`);

/** `records` as the SQL of identity_record, and who bears them as that of identity_component. */
export function goldenModels(records: readonly GoldenRecord[]): Readonly<Record<string, string>> {
  const at = (daysAgo: number | null) =>
    daysAgo === null
      ? "cast(null as {{ dbt.type_timestamp() }})"
      : `{{ millrace.instant_plus(${-daysAgo}, 'day', millrace.as_of()) }}`;
  const rows = records.map(
    ({ source, key, daysAgo, traits: own }) =>
      `select ${quoted(source)} as source, ${quoted(key)} as record_key, ${at(daysAgo)} as seen_at, ${traits.map((trait) => `cast(${quoted(own[trait] ?? null)} as {{ dbt.type_string() }}) as trait_${trait}`).join(", ")}`,
  );
  const bearers = records.map(
    ({ of, source, key }) =>
      `select 'record:${source}' as namespace, ${quoted(key)} as value, ${quoted(of)} as profile_id`,
  );
  return {
    "models/identity_record.sql": rows.join("\nunion all\n"),
    "models/who.sql": `select distinct * from (${[...new Set(bearers)].join("\nunion all\n")}) as bearers`,
  };
}
