import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runTown } from "../bench/guards/run-town.ts";
import { usual } from "../bench/guards/town.ts";
import { type IdentityLab, openIdentityLab } from "../support/identity-lab.ts";

/** The figure of `npm run bench -- guards` on a town of 2,000: the floors are the same. */
describe("a town with kiosks, families' devices and an address that is nobody's", () => {
  let lab: IdentityLab;
  beforeAll(async () => {
    lab = await openIdentityLab({});
  }, 120_000);
  afterAll(() => lab?.close());

  it("comes apart into its people by the guards' defaults, and hardly anybody into pieces", async () => {
    const found = await runTown(lab, { ...usual, seed: 4, people: 2_000 });
    expect(found.mixed).toBe(0);
    expect(found.precision).toBeGreaterThanOrEqual(0.999);
    expect(found.recall).toBeGreaterThanOrEqual(0.95);
    const guards = await lab.sql("select distinct guard from identity_violation order by guard");
    expect(guards.map(({ guard }) => guard)).toEqual(["fan_out", "learned_value", "limited"]);
  }, 120_000);
});
