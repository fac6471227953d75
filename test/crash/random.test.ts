import { describe, expect, test } from "vitest";
import { campaign } from "./support/chaos.ts";
import { csvChanges, csvSnapshot, hookIdempotent, hookOnce, salesforceCollections } from "./support/scenarios.ts";

// The long form, over every target, is `npm run chaos`.
describe("runs killed at random instants", () => {
  test.for([
    { scenario: hookIdempotent, kills: 3 },
    { scenario: hookOnce, kills: 3 },
    { scenario: salesforceCollections, kills: 2 },
    { scenario: csvSnapshot, kills: 2 },
    { scenario: csvChanges, kills: 2 },
  ])("end whole: $kills of $scenario.name", { timeout: 240_000 }, async ({ scenario, kills }) => {
    const seed = Math.floor(Math.random() * 1e9);
    const { faults, ...told } = await campaign({ scenario, kills, seed, rows: 150 });
    console.log(
      `${scenario.name}, seed ${seed}: ${[...told.states].map(([state, n]) => `${n} × ${state}`).join("; ")}`,
    );
    expect({ seed, faults }).toEqual({ seed, faults: [] });
    expect(told.kills).toBe(kills);
  });
});
