import { afterAll, beforeAll, describe, it } from "vitest";
import { stringify } from "yaml";
import { z } from "zod";
import type { Project } from "../../src/config/project.ts";
import { raw } from "../../src/warehouse/sql.ts";
import { startCloud, whyNot } from "../support/cloud/engines.ts";
import { build, expectReference, type Rows } from "../support/random-rules.ts";
import { choices, randomRule, randomWorld } from "../support/random-world.ts";
import { makeSegmentProject, type SegmentProject, worldFiles } from "../support/segment-project.ts";

const seed = Number(process.env.MILLRACE_SEED ?? 20_260_330);
/** The longer form: MILLRACE_CLOUD_RULES=60. */
const count = Number(process.env.MILLRACE_CLOUD_RULES ?? 8);
const asOf = Date.parse("2026-03-30T09:30:00Z");
const timeZone = "Europe/London";
const types = {
  snowflake: { text: "varchar", double: "float" },
} as const;

describe.each(["snowflake"] as const)("random rules on %s", async (engine) => {
  const reason = await whyNot(engine);
  if (reason !== null) return it("say the same as the reference", (context) => context.skip(reason));
  const random = choices(seed);
  const world = randomWorld(random, asOf, timeZone);
  const rules = new Map<string, Record<string, unknown>>();
  for (let i = 0; i < count; i++) rules.set(`s${i}`, randomRule(random, 4, [...rules.keys()]));
  let project: SegmentProject;
  let compiled: Project;
  let cloud: Awaited<ReturnType<typeof startCloud>>;
  beforeAll(async () => {
    cloud = await startCloud(engine);
    const segments = [...rules].map(([name, where]) => [`segments/${name}.yml`, stringify({ segment: name, where })]);
    const files = { ...worldFiles(world, types[engine]), ...Object.fromEntries(segments) };
    project = await makeSegmentProject(files, timeZone);
    compiled = await project.compile();
  }, 240_000);
  afterAll(async () => {
    await project?.remove();
    await cloud?.stop();
  });

  it("say the same of everybody as the reference does", async () => {
    await build(await project.dbt(cloud.dbtWarehouse, engine, cloud.dbt), asOf);
    const warehouse = cloud.open();
    try {
      const rows = (query: string): Promise<Rows> =>
        warehouse.session("read", (session) => session.query(raw(query), z.record(z.string(), z.unknown())));
      await expectReference(rows, { rules, world, project: compiled });
    } finally {
      await warehouse.close();
    }
  }, 900_000);
});
