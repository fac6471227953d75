import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { createSnowflakeWarehouse } from "../../src/warehouse/snowflake/index.ts";
import { raw } from "../../src/warehouse/sql.ts";
import { emulatorMissing, startEmulator } from "../support/bigquery/emulator.ts";
import { type IdentityLab, openIdentityLab } from "../support/identity-lab.ts";
import { interpret, type Variables } from "../support/script-interpreter.ts";
import { startFakesnow, whyNoFakesnow } from "../support/snowflake/fakesnow.ts";
import { manyGraphs } from "./many-graphs.ts";
import { leastOfComponents, type Pair } from "./union-find.ts";

/** Keeps the scripts that BigQuery and Snowflake would be sent, and labels the graphs by the loop of statements. */
const operations = `{% macro keep_scripts() %}
  {% set tables = {} %}
  {% for name in ['labels', 'edge', 'map', 'jumped', 'maps', 'later'] %}{% do tables.update({name: 'script_' ~ name}) %}{% endfor %}
  {% do run_query('create or replace table scripts (engine text, text text)') %}
  {% for engine, spell in {'bigquery': millrace.bigquery__identity_script_spelling(), 'snowflake': millrace.snowflake__identity_script_spelling()}.items() %}
    {% do run_query("insert into scripts values ('" ~ engine ~ "', $script$" ~ millrace.identity_component_script(spell, tables, 'edges', 'vertices') ~ "$script$)") %}
  {% endfor %}
{% endmacro %}
{% macro label_components() %}
  {% set here = api.Relation.create(database=target.database, schema=target.schema, identifier='x') %}
  {% set made = millrace.identity_components(here, 'edges', 'labelled', 'vertices') %}
  {% do run_query('create or replace table labels as select id, label, ' ~ made['rounds'] ~ ' as in_rounds from ' ~ made['table']) %}
{% endmacro %}
`;

const path = (id: (i: number) => number): readonly Pair[] =>
  Array.from({ length: 400 }, (_, i): Pair => [id(i), id(i + 1)]);
const graphs: readonly (readonly [string, readonly Pair[], readonly number[]])[] = [
  ["many graphs", manyGraphs(1).edges, manyGraphs(1).vertices],
  ["a path that stalls", path((i) => i), []],
  ["a path whose cutting stalls too", path((i) => 4 * i + (3 - (i % 4))), []],
  ["vertices without edges", [], [4, 9]],
  ["nothing", [], []],
];

describe("the components' scripts, interpreted", () => {
  let lab: IdentityLab;
  const scripts = new Map<string, string>();
  beforeAll(async () => {
    lab = await openIdentityLab({ "macros/operations.sql": operations });
    await lab.dbt(["run-operation", "keep_scripts"]);
    for (const { engine, text } of await lab.sql("select engine, text from scripts"))
      scripts.set(String(engine), String(text));
  }, 120_000);
  afterAll(() => lab?.close());

  const ask = (statement: string) => lab.sql(statement);

  async function put(edges: readonly Pair[], vertices: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const expected = leastOfComponents(edges, vertices);
    const rows = (each: readonly (readonly number[])[]) => each.map((row) => `(${row.join(",")})`).join(",");
    await lab.sql("create or replace table edges (a bigint, b bigint)", "create or replace table vertices (id bigint)");
    if (edges.length > 0) await lab.sql(`insert into edges values ${rows(edges)}`);
    if (expected.size > 0) await lab.sql(`insert into vertices values ${rows([...expected.keys()].map((id) => [id]))}`);
    return expected;
  }

  async function labelsOf(table: string): Promise<{ labels: ReadonlyMap<number, number>; rows: number }> {
    const rows = await lab.sql(`select id, label from ${table}`);
    return { labels: new Map(rows.map(({ id, label }) => [Number(id), Number(label)])), rows: rows.length };
  }

  it.each(graphs)(
    "gives the labels and rounds of the loop of statements: %s",
    async (_what, edges, vertices) => {
      const expected = await put(edges, vertices);
      await lab.dbt(["run-operation", "label_components"]);
      const rounds = Number((await lab.sql("select max(in_rounds) as in_rounds from labels"))[0]?.in_rounds ?? 0);
      expect(await labelsOf("labels")).toEqual({ labels: expected, rows: expected.size });
      for (const engine of ["bigquery", "snowflake"]) {
        const ran = await interpret(script(engine), spelled(engine), ask);
        expect(await labelsOf("script_labels"), engine).toEqual({ labels: expected, rows: expected.size });
        expect(Number(ran.answer), engine).toBe(rounds);
      }
    },
    120_000,
  );

  it("names no variable as a column, which BigQuery would read in its place", async () => {
    await put([[1, 2]], []);
    const { variables } = await interpret(script("bigquery"), "bare", ask);
    const columns = await lab.sql("select distinct column_name as name from duckdb_columns() where not internal");
    expect(variables).toContain("at_round");
    expect(columns.map(({ name }) => name)).toContain("round_no");
    expect(columns.filter(({ name }) => variables.includes(String(name)))).toEqual([]);
  }, 120_000);

  it("goes through every branch of the script: hooking, cutting and jumping to the roots", async () => {
    await put(graphs[2]?.[1] ?? [], []);
    const said: string[] = [];
    await interpret(script("bigquery"), "bare", (statement) => {
      said.push(statement);
      return lab.sql(statement);
    });
    const made = (what: RegExp) => said.filter((statement) => what.test(statement)).length;
    expect(made(/table script_map as\s+with hooked as [\s\S]*coloured/)).toBeGreaterThan(0);
    expect(made(/table script_jumped as/)).toBeGreaterThan(0);
    expect(made(/table script_later as\s+select m\.id/)).toBeGreaterThan(0);
  }, 120_000);

  it("says that rounds did not end, rather than give labels that are none", async () => {
    await put([[1, 2]], []);
    const endless = script("snowflake").replace(/rounds < 200/, "rounds < 0");
    expect(Number((await interpret(endless, "colon", ask)).answer)).toBe(-1);
  }, 120_000);

  it("is one statement for the clients: a block in a string for Snowflake, declarations first for BigQuery", () => {
    expect(script("snowflake").split("$$")).toHaveLength(3);
    expect(script("bigquery").trimStart()).toMatch(/^declare /);
  });

  it("is asked for by a variable, and refused where no script is spelled", async () => {
    await put([[1, 2]], []);
    const asked = lab.dbt(["run-operation", "label_components", "--vars", "{millrace_identity_loop: script}"]);
    await expect(asked).rejects.toThrow(/millrace_identity_loop: script is for BigQuery and Snowflake/);
  }, 240_000);

  /** A path that stalls, and vertices beside it. */
  const small = { edges: path((i) => i).slice(0, 24), vertices: [-5, 400, ...Array.from({ length: 25 }, (_, i) => i)] };
  const rows = small.vertices.map((id) => `select ${id} as id`).join(" union all ");
  const tables = [
    `create table edges as ${small.edges.map(([a, b]) => `select ${a} as a, ${b} as b`).join(" union all ")}`,
    `create table vertices as ${rows}`,
  ];
  const asPairs = (labels: readonly Readonly<Record<string, unknown>>[]) =>
    new Map(labels.map((row) => [Number(row.id ?? row.ID), Number(row.label ?? row.LABEL)]));

  it("is BigQuery's grammar, as the emulator has it", async (context) => {
    const reason = emulatorMissing();
    if (reason !== null) return context.skip(reason);
    const emulator = await startEmulator();
    try {
      const send = (statement: string) => queryEmulator(emulator.port, statement);
      await makeDataset(emulator.port);
      for (const statement of tables) await send(statement);
      // The emulator puts values in place of declared variables, and then cannot read `set`: only without them it parses the rest, and says what it does not run.
      const undeclared = script("bigquery").replace(/^declare .*$/gm, "");
      await expect(send(undeclared)).rejects.toThrow(/Statement not supported: SingleAssignment/);
      await expect(send(undeclared.replace("end while", "end loop"))).rejects.toThrow(
        /Syntax error: Expected keyword WHILE/,
      );
    } finally {
      await emulator.stop();
    }
  }, 240_000);

  it("has statements that run on Snowflake's stand-in", async (context) => {
    const reason = await whyNoFakesnow();
    if (reason !== null) return context.skip(reason);
    const server = await startFakesnow();
    const warehouse = createSnowflakeWarehouse(server.options("warehouse"));
    try {
      await warehouse.session("write", async (session) => {
        const send = (statement: string) => session.query(raw(statement), z.record(z.string(), z.unknown()));
        await send("create schema lab");
        for (const statement of tables) await send(statement);
        const ran = await interpret(script("snowflake"), "colon", send);
        expect(Number(ran.answer)).toBeGreaterThan(1);
        expect(asPairs(await send("select id, label from script_labels"))).toEqual(
          leastOfComponents(small.edges, small.vertices),
        );
      });
    } finally {
      await warehouse.close();
      await server.stop();
    }
  }, 240_000);

  function script(engine: string): string {
    const text = scripts.get(engine);
    if (text === undefined) throw new Error(`no script of ${engine}`);
    return text;
  }
});

const spelled = (engine: string): Variables => (engine === "snowflake" ? "colon" : "bare");

async function post(port: number, path: string, body: unknown): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${port}/bigquery/v2/projects/test/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

const makeDataset = (port: number): Promise<unknown> =>
  post(port, "datasets", { datasetReference: { projectId: "test", datasetId: "lab" } });

const queryEmulator = (port: number, query: string): Promise<unknown> =>
  post(port, "queries", { query, useLegacySql: false, defaultDataset: { projectId: "test", datasetId: "lab" } });
