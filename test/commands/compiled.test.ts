import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiledFaults } from "../../src/commands/compiled.ts";
import { makeSegmentProject, type SegmentProject } from "../support/segment-project.ts";

const traits = (count: number): string =>
  `traits:\n  from: orders\n  profile: { user_id: customer }\n${Array.from({ length: count }, (_, i) => `  t${i}: { count: "*" }\n`).join("")}`;

describe("compiled models", () => {
  let project: SegmentProject;
  beforeAll(async () => {
    project = await makeSegmentProject(
      {
        "millrace.yml":
          "project: shop\nwarehouse: { type: postgres, url: postgres://localhost/shop }\ndbt: { project: ./sql }\n",
        "sql/models/orders.sql": "select 1 as customer",
        "traits/orders.yml": traits(1300),
      },
      "UTC",
    );
  });
  afterAll(() => project?.remove());
  const compiled = (): Promise<string[]> => readdir(join(project.dir, "sql/models/millrace/traits"));

  it("warn of a model by hand that has the name of one of them", async () => {
    const declared = await project.compile();
    expect(await compiledFaults(declared)).toEqual([]);
    await project.write({ "sql/models/marts/profile_traits_part_2.sql": "select 1" });
    expect((await compiledFaults(declared)).map(({ level, file, message }) => [level, file, message])).toEqual([
      [
        "warning",
        "traits/orders.yml",
        "models/marts/profile_traits_part_2.sql has the name of a model that this compiles to, and dbt refuses two",
      ],
    ]);
  });

  it("lose their parts when a row has room for them again", async () => {
    await project.compile();
    expect(await compiled()).toContain("traits__orders_part_2.sql");
    await project.write({ "traits/orders.yml": traits(20) });
    await project.compile();
    expect((await compiled()).sort()).toEqual(["profile_traits.sql", "traits.yml", "traits__orders.sql"]);
  });
});
