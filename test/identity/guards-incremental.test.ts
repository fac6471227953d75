import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IdentityLab, openIdentityLab } from "../support/identity-lab.ts";
import { type Database, freshDatabase } from "../support/postgres-database.ts";
import { GuardedWorld } from "./guarded-world.ts";
import { publishedState } from "./published-state.ts";
import { assignment, build, declare, readRecords } from "./stitching.ts";

/** A longer form: MILLRACE_IDENTITY_STEPS=100, and MILLRACE_IDENTITY_SEED for another world. */
const longer = Number(process.env.MILLRACE_IDENTITY_STEPS ?? 0);
const seed = Number(process.env.MILLRACE_IDENTITY_SEED ?? 5);

describe.each([
  ["duckdb", 7],
  ["postgres", 2],
] as const)("every guard, incrementally, on %s", (engine, short) => {
  const steps = longer || short;
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

  it(
    "comes to what a full recompute from the same state comes to, and a full rebuild changes no id",
    async () => {
      const world = new GuardedWorld(seed);
      await declare(lab, world.yaml());
      await world.load(lab);
      await build(lab);
      const found = new Set<string>();
      for (let step = 0; step < steps; step++) {
        const [{ run = 0 } = {}] = await lab.sql("select max(run) as run from identity_state_pointer");
        const ids = new Set((await lab.sql("select profile_id from profile")).map((row) => String(row.profile_id)));
        if ((await world.move(lab, step)) === "rules") await declare(lab, world.yaml());
        const asOf = world.asOf(step);
        await build(lab, { args: [...onlyRun, "--full-refresh"], asOf });
        const full = await everything(lab, ids);
        // the pointer back where it was: the next run undoes what this one wrote, and works on from the same state
        await lab.sql(`update identity_state_pointer set run = ${String(run)}`);
        await build(lab, { args: onlyRun, asOf });
        const increment = await everything(lab, ids);
        expect(increment, `step ${step} of seed ${seed}`).toEqual(full);
        for (const line of increment.violation ?? []) found.add(line.split(" ")[0] ?? "");
      }
      // two states in which no guard had work would be equal, too
      expect([...found]).toEqual(expect.arrayContaining(engine === "duckdb" ? everyGuard : everyGuard.slice(1)));
      const before = await assignment(lab);
      await build(lab, { args: ["--full-refresh"] });
      expect(await assignment(lab)).toEqual(before);
    },
    600_000 * (longer === 0 ? 1 : 10),
  );
});

/** What is published, and the records as they are read. */
async function everything(lab: IdentityLab, ids: ReadonlySet<string>): Promise<Record<string, string[]>> {
  return { ...(await publishedState(lab, ids)), record: await readRecords(lab) };
}

/** Not the views that stand already. */
const onlyRun = ["--select", "identity_record identity_resolution identity_golden identity_published"];

/** The first takes more steps than a short form on Postgres has. */
const everyGuard = [
  "max_cluster",
  "blocked_value",
  "cannot_link",
  "fan_out",
  "learned_value",
  "limited",
  "unique_user_id",
  "weak_edge",
];
