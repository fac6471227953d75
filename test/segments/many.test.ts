import { join } from "node:path";
import { expect, test } from "vitest";
import { compileAll } from "../../src/commands/compiled.ts";
import { checkProject } from "../../src/config/check.ts";
import { envFrom } from "../../src/config/env.ts";
import { tempProject } from "../config/temp-project.ts";

const segment = (i: number): string => `segment: s${i}
description: Number ${i}
where:
  all:
    - { trait: order_count, gte: ${i % 7} }
    - { did: bought, within: ${1 + (i % 365)} days, where: { amount: { gte: ${i % 50} } } }
    - any: [{ trait: country, in: [A, B${i % 20}] }, { did_not: bought, within: 30 days }]
    - not: { segment: s${(i + 1) % 1000 === 0 ? "x" : Math.max(0, i - 1)} }
`;

test("a thousand segments are checked in under two seconds of CPU, and compile to a model each", () => {
  const dir = tempProject({
    "millrace.yml": "project: many\nwarehouse: { type: duckdb, path: ./w.duckdb }\ndbt: { project: ./sql }\n",
    "sql/dbt_project.yml": "name: many\n",
    "sql/models/purchases.sql": "select 1\n",
    "events/e.yml":
      "events: { bought: { model: purchases, key: id, at: at_time, profile: { user_id: c }, properties: { amount: { column: amount, type: number } } } }\n",
    "traits/t.yml":
      'traits: { from: purchases, profile: { user_id: c }, at: at_time, order_count: { count: "*" }, country: { last: country, as: text } }\n',
    "segments/sx.yml": "segment: sx\nwhere: { did: bought }\n",
    ...Object.fromEntries(
      Array.from({ length: 1000 }, (_, i) => [
        `segments/${i}.yml`,
        segment(i).replace("s0 }", i === 0 ? "sx }" : "s0 }"),
      ]),
    ),
  });
  const begun = process.cpuUsage();
  const { project, faults } = checkProject({ dir, env: undefined, connectors: {}, variables: envFrom({}) });
  const { user, system } = process.cpuUsage(begun);
  expect(faults).toEqual([]);
  expect((user + system) / 1e6).toBeLessThan(2);

  const files = project === undefined ? [] : compileAll(project);
  const models = files.filter(({ path }) => path.endsWith(".sql"));
  const own = models.filter(({ path }) => /^segments\/s(\d+|x)\.sql$/.test(path));
  expect(own).toHaveLength(1001);
  // Those beside them: counts in chunks, flags of sixty segments each, history and traits.
  expect(models.length).toBeLessThan(1001 + 15 + Math.ceil(1001 / 60));
  expect(Math.max(...own.map(({ text }) => text.split("\n").length))).toBeLessThan(60);
  expect(join(dir, "sql")).toBe(project?.resolveDbt()?.dir);
});
