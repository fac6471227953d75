import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IdentityLab, identityEngines, openIdentityLab } from "../support/identity-lab.ts";
import { type Database, freshDatabase } from "../support/postgres-database.ts";
import { manyGraphs } from "./many-graphs.ts";
import { leastOfComponents, type Pair } from "./union-find.ts";

/** Calls the macro as identity does, and keeps what it made. */
const operation = `{% macro label_components() %}
  {% set here = api.Relation.create(database=target.database, schema=target.schema, identifier='x') %}
  {% set made = millrace.identity_components(here, 'edges', 'labelled', 'vertices') %}
  {% do run_query('drop table if exists labels') %}
  {% do run_query('create table labels as select id, label, ' ~ made['rounds'] ~ ' as rounds from ' ~ made['table']) %}
  {% do run_query('commit') if target.type == 'postgres' %}
{% endmacro %}
`;

async function labels(lab: IdentityLab, edges: readonly Pair[], vertices: readonly number[]) {
  const rows = (pairs: readonly (readonly number[])[]) => pairs.map((pair) => `(${pair.join(",")})`).join(",");
  await lab.sql(
    "drop table if exists edges",
    "drop table if exists vertices",
    "create table edges (a bigint, b bigint)",
    "create table vertices (id bigint)",
    ...(edges.length > 0 ? [`insert into edges values ${rows(edges)}`] : []),
    ...(vertices.length > 0 ? [`insert into vertices values ${rows(vertices.map((id) => [id]))}`] : []),
  );
  await lab.dbt(["run-operation", "label_components"]);
  const found = await lab.sql("select id, label, rounds from labels");
  return {
    labels: new Map(found.map(({ id, label }) => [Number(id), Number(label)])),
    rows: found.length,
    rounds: Number(found[0]?.rounds ?? 0),
  };
}

describe.each(identityEngines())("connected components on %s", (engine) => {
  let lab: IdentityLab;
  let database: Database | undefined;
  beforeAll(async () => {
    database = engine === "postgres" ? await freshDatabase() : undefined;
    lab = await openIdentityLab({ "macros/label_components.sql": operation }, database?.url);
  }, 120_000);
  afterAll(async () => {
    await lab?.close();
    await database?.remove();
  });

  it.each([1, 2, 3])(
    "gives every vertex the least id of its component, graphs of seed %i",
    async (seed) => {
      const { edges, vertices } = manyGraphs(seed);
      const found = await labels(lab, edges, vertices);
      const expected = leastOfComponents(edges, vertices);
      expect(found.rows).toBe(expected.size);
      expect(found.labels).toEqual(expected);
    },
    60_000,
  );

  it.each([
    ["numbered along its way", (i: number) => i, 8],
    ["numbered so that cutting its chain stalls too", (i: number) => 4 * i + (3 - (i % 4)), 4],
    ["numbered in steps of a power of four, from below zero", (i: number) => 4 ** 5 * (i - 1_000), 8],
  ])(
    "ends a path %s in rounds that grow with its logarithm",
    async (_how, id, most) => {
      const path = Array.from({ length: 3_000 }, (_, i): Pair => [id(i), id(i + 1)]);
      const found = await labels(lab, path, [...new Set(path.flat())]);
      expect(found.rounds).toBeLessThanOrEqual(most);
      expect(found.rows).toBe(3_001);
      expect(new Set(found.labels.values())).toEqual(new Set([id(0)]));
    },
    60_000,
  );

  it("labels vertices without edges by themselves, and bears none at all", async () => {
    expect((await labels(lab, [], [4, 9])).labels).toEqual(
      new Map([
        [4, 4],
        [9, 9],
      ]),
    );
    expect((await labels(lab, [], [])).rows).toBe(0);
  }, 240_000);
});
