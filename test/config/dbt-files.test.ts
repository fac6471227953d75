import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { check } from "../../src/config/check.ts";
import { readDbtModels } from "../../src/config/dbt-files.ts";
import { envFrom } from "../../src/config/env.ts";
import { connectors } from "./fake-connectors.ts";
import { A, checkLines, P } from "./faulty.ts";
import { changed, tempProject } from "./temp-project.ts";

const manifest = (...names: string[]): string =>
  JSON.stringify({
    nodes: Object.fromEntries(names.map((name) => [`model.shop.${name}`, { resource_type: "model", name, sql: "…" }])),
  });

describe("the models that dbt's files show", () => {
  it("are models, seeds, snapshots and versions, in the folders that dbt_project.yml names", () => {
    const dir = tempProject({
      "dbt_project.yml": "name: shop\nmodel-paths: [transform]\nsnapshot-paths: [history]\n",
      "transform/a/one.sql": "select 1",
      "transform/two.py": "",
      "transform/three_v2.sql": "select 1",
      "transform/.hidden.sql": "select 1",
      "models/elsewhere.sql": "select 1",
      "seeds/four.csv": "a\n",
      "history/s.sql": "{% snapshot five %}select 1{% endsnapshot %}",
      "history/s.yml": "snapshots:\n  - name: six\n    relation: ref('one')\n",
      "dbt_packages/p/models/seven.sql": "select 1",
      "dbt_packages/p/macros/not_a_model.sql": "select 1",
      "target/manifest.json": manifest("eight"),
    });
    const { names, complete, modelFiles } = readDbtModels({ kind: "project", dir });
    const expected = ["one", "two", "three_v2", "three", "four", "five", "six", "seven", "eight"];
    expect([...names].sort()).toEqual(expected.sort());
    expect(complete).toBe(true);
    expect(modelFiles).toEqual(["transform/a/one.sql", "transform/three_v2.sql"]);
  });

  it("are those of manifest.json where somebody else runs dbt", () => {
    const files = changed(P, "project: ./sql", "artifacts: ./target", {
      "target/manifest.json": manifest("vip_customer"),
    });
    expect(checkLines(files)).toEqual([`${A}:2: there is no dbt model "vip_customers" — did you mean "vip_customer"?`]);
    const not = { ...files, "target/manifest.json": "{ half a" };
    expect(readDbtModels({ kind: "artifacts", dir: join(tempProject(not), "target") }).complete).toBe(false);
  });

  it("are not asked for where the artifacts are not there yet: that is a warning", () => {
    const dir = tempProject(changed(P, "project: ./sql", "artifacts: ./target"));
    const faults = check({ dir, env: undefined, connectors, variables: envFrom({}) });
    expect(faults).toMatchObject([
      { level: "warning", line: 6, message: "there is no manifest.json in this folder yet" },
    ]);
  });
});
