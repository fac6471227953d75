import { expect, test } from "vitest";
import { checkProject } from "../../src/config/check.ts";
import { envFrom } from "../../src/config/env.ts";
import { tempProject } from "../config/temp-project.ts";

const project = (event: string) =>
  checkProject({
    dir: tempProject({
      "millrace.yml": "project: p\nwarehouse: { type: duckdb, path: ./w.duckdb }\ndbt: { project: ./sql }\n",
      "sql/dbt_project.yml": "name: p\n",
      "sql/models/orders.sql": "select 1\n",
      "events/e.yml": `events:\n  bought: { model: orders, key: id, at: t, profile: { user_id: c }, ${event} }\n`,
    }),
    env: undefined,
    connectors: {},
    variables: envFrom({}),
  });

test("an event tells how much there is of it and of its properties", () => {
  const { project: read } = project(
    "volume: { rows: 1200, profiles: 90, days: 30.5 }, properties: { kind: { column: k, values: 12 }, worth: { column: w, type: number, range: [0, 500] } }",
  );
  const [event] = read?.declared().declarations.events ?? [];
  expect(event?.volume).toEqual({ rows: 1200, profiles: 90, days: 30.5 });
  expect(event?.properties.get("kind")).toEqual({ column: "k", type: "unknown", values: 12 });
  expect(event?.properties.get("worth")).toEqual({ column: "w", type: "number", range: [0, 500] });
});

test.each([
  ["no rows at all", "volume: { rows: 0 }"],
  ["a word", "volume: { rows: many }"],
  ["half a range", "properties: { worth: { column: w, range: [0] } }"],
])("%s is refused by check with its line", (_what, event) => {
  const { faults } = project(event);
  expect(faults.map(({ file, line }) => [file, line])).toEqual([["events/e.yml", 2]]);
});
