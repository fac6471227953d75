import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IdentityLab, identityEngines, openIdentityLab } from "../support/identity-lab.ts";
import { type Database, freshDatabase } from "../support/postgres-database.ts";
import { plainGroups } from "./reference.ts";
import { assignment, build, declare, groups, readRecords } from "./stitching.ts";
import { World } from "./world.ts";

/** A longer form: MILLRACE_IDENTITY_STEPS=200. */
const steps = Number(process.env.MILLRACE_IDENTITY_STEPS ?? 0);

/** What is read otherwise at which step: each once there and once back, where there are steps enough; other steps are the world's own. */
const turns: Readonly<Record<number, "tags" | "second" | "web">> = {
  1: "tags",
  2: "web",
  4: "web",
  5: "second",
  8: "tags",
  10: "second",
};

describe.each(identityEngines())("incremental runs on %s", (engine) => {
  const count = steps || (engine === "duckdb" ? 14 : 6);
  let lab: IdentityLab;
  let database: Database | undefined;
  beforeAll(async () => {
    database = engine === "postgres" ? await freshDatabase() : undefined;
    lab = await openIdentityLab({}, database?.url);
  }, 120_000);
  afterAll(async () => {
    await lab?.close();
    await database?.remove();
  });

  it("give what a plain algorithm gives, step by step, and a full rebuild changes no id", async () => {
    const world = new World(engine === "duckdb" ? 7 : 11);
    for (let i = 0; i < 25; i++) world.put(i % 2 === 0 ? "crm" : "web", i);
    await declare(lab, world.yaml());
    await world.load(lab);
    await build(lab);
    for (let step = 0; step < count; step++) {
      if (step === 3) await world.decide(lab, "must_link", "user_id u1", "email e3@example.com");
      const turned = turns[step];
      const moved = turned === undefined ? world.step() : world.turn(turned);
      if (moved === "rules") await declare(lab, world.yaml());
      else await world.load(lab);
      await build(lab);
      expect(await groups(lab), `step ${step}`).toEqual(plainGroups(world.read(), world.rules));
    }
    const before = [await assignment(lab), await readRecords(lab)];
    await build(lab, { args: ["--full-refresh"] });
    expect([await assignment(lab), await readRecords(lab)]).toEqual(before);
  }, 600_000);
});
