import { DuckDBInstance } from "@duckdb/node-api";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { Project } from "../../src/config/project.ts";
import { flagsOf } from "../../src/segments/flags-sql.ts";
import { type Database, freshDatabase } from "../support/postgres-database.ts";
import { build, expectReference, type Rows } from "../support/random-rules.ts";
import { choices, randomRule, randomWorld } from "../support/random-world.ts";
import { makeSegmentProject, type SegmentProject, worldFiles } from "../support/segment-project.ts";

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
  rules.set("deep", deepRule(200));
  // In the middle of the others, so that the bits of its stages fall into two columns.
  const stages = new Map(Array.from({ length: 12 }, (_, i) => [`stage${i}`, randomRule(random, 3, [...rules.keys()])]));
  const middle = [...rules.keys()].sort()[54];
  let project: SegmentProject;
  let compiled: Project;
  let postgres: Database;

  beforeAll(async () => {
    const segments = [...rules].map(([name, where]) => [`segments/${name}.yml`, stringify({ segment: name, where })]);
    const cycle = stringify({ lifecycle: "cycle", stages: Object.fromEntries(stages) });
    const files = { ...Object.fromEntries(segments), [`segments/${middle}_cycle.yml`]: cycle };
    project = await makeSegmentProject({ ...worldFiles(world), ...files }, timeZone);
    compiled = await project.compile();
    postgres = await freshDatabase();
  }, 120_000);

  afterAll(async () => {
    await postgres?.remove();
    await project?.remove();
  });

  test("have a life-cycle whose bits lie in two columns", () => {
    const columns = flagsOf(compiled.declared().declarations.segments)
      .flat()
      .filter(({ segment }) => stages.has(segment.name))
      .map(({ column }) => column);
    expect(columns).toHaveLength(stages.size);
    expect(new Set(columns).size).toBe(2);
  });

  const engines = {
    duckdb: async () => {
      const dbt = await project.dbt({ type: "duckdb", path: project.database, threads: 2 }, "duckdb");
      await build(dbt, asOf);
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
      await build(dbt, asOf);
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
        await expectReference(rows, { rules: new Map([...rules, ...stages]), world, project: compiled });
      } finally {
        await close();
      }
    },
  );
});

/** So many conditions within each other. */
function deepRule(levels: number): Record<string, unknown> {
  let rule: Record<string, unknown> = { did: "order_placed", within: "90 days" };
  for (let i = 0; i < levels; i++) {
    const beside = { trait: "order_count", gte: i % 7 };
    rule = i % 3 === 0 ? { not: rule } : i % 3 === 1 ? { any: [rule, beside] } : { all: [rule, beside] };
  }
  return rule;
}
