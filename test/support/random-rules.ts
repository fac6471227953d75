import { expect } from "vitest";
import type { Project } from "../../src/config/project.ts";
import type { Dbt } from "../../src/models/dbt.ts";
import { ruleOf } from "../../src/segments/rule-sql.ts";
import type { RandomWorld } from "./random-world.ts";
import { type Cell, membersOf, type ReferenceWorld } from "./rule-reference.ts";
import { referenceTraits } from "./trait-reference.ts";

export type Rows = Readonly<Record<string, unknown>>[];
export type RandomRules = ReadonlyMap<string, Record<string, unknown>>;

/** Holds what dbt built (in the schema `analytics`) against the reference: every trait of everybody, and every segment's members. */
export async function expectReference(
  rows: (sql: string) => Promise<Rows>,
  { rules, world, project }: { readonly rules: RandomRules; readonly world: RandomWorld; readonly project: Project },
): Promise<void> {
  const traits = referenceTraits(world);
  // The traits first: a rule is only as right as what it reads.
  for (const row of await rows(traitsQuery)) {
    const expected = traits.get(String(row.profile_id));
    const shown = Object.fromEntries(
      Object.keys(row)
        .filter((name) => name !== "profile_id")
        .map((name) => [name, cell(row[name])]),
    );
    expect({ id: row.profile_id, ...shown }).toEqual({
      id: row.profile_id,
      ...Object.fromEntries([...(expected ?? [])].filter(([name]) => name in shown)),
    });
    traits.delete(String(row.profile_id));
  }
  expect([...traits.keys()]).toEqual([]);

  const members = new Map<string, string[]>([...rules.keys()].map((name) => [name, []]));
  for (const row of await rows("select segment, profile_id from analytics.segment_membership")) {
    members.get(String(row.segment))?.push(String(row.profile_id));
  }
  const reference = referenceWorld(world, project);
  let both = 0;
  for (const [name, rule] of reference.segments) {
    const expected = membersOf(rule, reference);
    expect({ name, rule: rules.get(name), members: members.get(name)?.sort() }).toEqual({
      name,
      rule: rules.get(name),
      members: expected,
    });
    // History takes its members from flags; a sync reads the segment's own model.
    const listed = await rows(`select profile_id from analytics.${name}`);
    expect({ name, listed: listed.map(({ profile_id }) => String(profile_id)).sort() }).toEqual({
      name,
      listed: expected,
    });
    if (expected.length > 0 && expected.length < reference.profiles.length) both += 1;
  }
  // Rules that hold for everybody or nobody prove little.
  expect(both).toBeGreaterThan(rules.size / 2);
}

const traitsQuery = `select profile_id, order_count, revenue_sum, revenue_90d, days_silent, median_gap_days, last_channel, top_channel,
  channels, revenue_ratio, cart_count, age, city, wants_mail from analytics.profile_traits`;

function cell(value: unknown): unknown {
  if (typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  return value;
}

/** Builds everything as of the world's instant; dbt's own words if it fails. */
export async function build(dbt: Dbt, asOf: number): Promise<void> {
  const outcome = await dbt.build({ asOf: new Date(asOf) });
  expect(outcome.failed.map(({ uniqueId, message }) => `${uniqueId}: ${message}`)).toEqual([]);
}

function referenceWorld(world: RandomWorld, project: Project): ReferenceWorld {
  const { declarations } = project.declared();
  const traits = referenceTraits(world);
  const profiles = [...traits].map(([id, own]) => ({
    id,
    traits: own,
    events: [
      ...world.orders
        .filter((row) => row.customer_id === id)
        .map((row) => ({
          event: "order_placed",
          at: row.ordered_at,
          columns: new Map<string, Cell>([
            ["revenue", row.revenue],
            ["channel", row.channel],
          ] as const),
        })),
      ...world.views
        .filter((row) => row.visitor === id)
        .map((row) => ({
          event: row.kind === "cart" ? "cart_updated" : "page_viewed",
          at: row.viewed_at,
          columns: new Map(),
        })),
    ],
  }));
  const segments = new Map(
    declarations.segments.flatMap((segment) => {
      const rule = ruleOf(segment);
      return rule === null ? [] : [[segment.name, rule] as const];
    }),
  );
  return { profiles, asOf: world.asOf, timeZone: world.timeZone, segments, types: new Map() };
}
