import { DuckDBInstance } from "@duckdb/node-api";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { Project } from "../../src/config/project.ts";
import { ruleOf } from "../../src/segments/rule-sql.ts";
import { type Database, freshDatabase } from "../support/postgres-database.ts";
import { choices, type RandomWorld, randomRule, randomWorld } from "../support/random-world.ts";
import { type Cell, membersOf, type ReferenceWorld } from "../support/rule-reference.ts";
import { makeSegmentProject, type SegmentProject, worldFiles } from "../support/segment-project.ts";
import { referenceTraits } from "../support/trait-reference.ts";

const seed = Number(process.env.MILLRACE_SEED ?? 20_260_330);
const count = Number(process.env.MILLRACE_RULES ?? 120);
/** A day after the clocks went forward in London, with most windows across the change. */
const asOf = Date.parse("2026-03-30T09:30:00Z");
const timeZone = "Europe/London";

describe(`random rules (MILLRACE_SEED=${seed}), compiled and built by dbt`, { timeout: 300_000 }, () => {
  const random = choices(seed);
  const world = randomWorld(random, asOf, timeZone);
  const rules = new Map<string, Record<string, unknown>>();
  for (let i = 0; i < count; i++) rules.set(`s${i}`, randomRule(random, 4, [...rules.keys()]));
  let project: SegmentProject;
  let compiled: Project;
  let postgres: Database;

  beforeAll(async () => {
    const segments = [...rules].map(([name, where]) => [`segments/${name}.yml`, stringify({ segment: name, where })]);
    project = await makeSegmentProject({ ...worldFiles(world), ...Object.fromEntries(segments) }, timeZone);
    compiled = await project.compile();
    postgres = await freshDatabase();
  }, 120_000);

  afterAll(async () => {
    await postgres?.remove();
    await project?.remove();
  });

  const engines = {
    duckdb: async () => {
      const dbt = await project.dbt({ type: "duckdb", path: project.database, threads: 2 }, "duckdb");
      await built(dbt);
      const instance = await DuckDBInstance.create(project.database, { access_mode: "READ_ONLY" });
      const connection = await instance.connect();
      return {
        rows: async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson() as Rows,
        close: async () => {
          connection.closeSync();
          instance.closeSync();
        },
      };
    },
    postgres: async () => {
      const dbt = await project.dbt({ type: "postgres", url: postgres.url, threads: 2 }, "postgres");
      await built(dbt);
      const client = new pg.Client({ connectionString: postgres.url });
      await client.connect();
      return { rows: async (sql: string) => (await client.query(sql)).rows as Rows, close: () => client.end() };
    },
  };

  test.each(["duckdb", "postgres"] as const)(
    "say the same of everybody as the reference does, on %s",
    async (engine) => {
      const { rows, close } = await engines[engine]();
      try {
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
        const reference = referenceWorld(world, compiled);
        let both = 0;
        for (const [name, rule] of reference.segments) {
          const expected = membersOf(rule, reference);
          expect({ name, rule: rules.get(name), members: members.get(name)?.sort() }).toEqual({
            name,
            rule: rules.get(name),
            members: expected,
          });
          if (expected.length > 0 && expected.length < reference.profiles.length) both += 1;
        }
        // Rules that hold for everybody or nobody prove little.
        expect(both).toBeGreaterThan(count / 2);
      } finally {
        await close();
      }
    },
  );
});

type Rows = Readonly<Record<string, unknown>>[];

const traitsQuery = `select profile_id, order_count, revenue_sum, revenue_90d, days_silent, median_gap_days, last_channel, top_channel,
  channels, revenue_ratio, cart_count, age, city, wants_mail from analytics.profile_traits`;

function cell(value: unknown): unknown {
  if (typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  return value;
}

async function built(dbt: Awaited<ReturnType<SegmentProject["dbt"]>>): Promise<void> {
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
