import { describe, expect, test } from "vitest";
import { StateDiverged } from "../../src/core/errors.ts";
import { assertOneStory, type Story } from "../../src/state/story.ts";

interface Told {
  readonly store?: Partial<Story["store"]>;
  readonly warehouse?: Partial<NonNullable<Story["warehouse"]>> | null;
}

const told = ({ store, warehouse }: Told): (() => void) => {
  const story: Story = {
    sync: "people",
    storeId: "S1",
    store: { warehouseId: "W1", lastSettled: "run-7", unfinished: [], knowsPlan: true, ...store },
    warehouse:
      warehouse === null
        ? null
        : { warehouseId: "W1", storeId: "S1", lastSettled: "run-7", planOf: "run-7", ...warehouse },
  };
  return () => assertOneStory(story);
};

describe("one story", () => {
  test.each<[string, Told]>([
    ["both remember the same run", {}],
    ["nothing was ever settled", { store: { lastSettled: null, warehouseId: null }, warehouse: null }],
    ["a store that knows the warehouse but not this sync", { store: { lastSettled: null }, warehouse: null }],
    ["a first plan", { store: { lastSettled: null }, warehouse: { lastSettled: null } }],
    [
      "another store's warehouse where this sync never settled",
      { store: { lastSettled: null }, warehouse: { storeId: "S0", lastSettled: null } },
    ],
    [
      "a new warehouse for a sync that never settled",
      { store: { lastSettled: null, warehouseId: "W0" }, warehouse: { lastSettled: null } },
    ],
    [
      "a kill between the two commits of a settle",
      { store: { unfinished: ["run-8"] }, warehouse: { lastSettled: "run-8", planOf: "run-8" } },
    ],
    ["a plan that waits for approval", { warehouse: { planOf: "run-9" } }],
    ["an unknown run's plan that was settled", { store: { knowsPlan: false } }],
  ])("%s", (_, parts) => {
    expect(told(parts)).not.toThrow();
  });
});

describe("two stories", () => {
  test.each<[string, Told, RegExp]>([
    ["the warehouse's tables are gone", { warehouse: null }, /has lost Millrace's tables.*run-7 of people/],
    ["the store was lost", { warehouse: { storeId: "S0" } }, /another control store \(S0\); this one is S1/],
    ["another warehouse", { warehouse: { warehouseId: "W2" } }, /another warehouse \(W1\); this one is W2/],
    ["the store was restored", { warehouse: { lastSettled: "run-8" } }, /store run-7, warehouse run-8/],
    ["the warehouse was restored", { warehouse: { lastSettled: "run-6" } }, /store run-7, warehouse run-6/],
    ["the warehouse's ledger is new", { warehouse: { lastSettled: null } }, /store run-7, warehouse none/],
    ["the store's memory is new", { store: { lastSettled: null } }, /store none, warehouse run-7/],
    [
      "the store was restored from before a run that it never heard of",
      { store: { knowsPlan: false }, warehouse: { planOf: "run-8" } },
      /plan of run run-8 of people, which this control store has never heard of/,
    ],
    [
      "an unfinished run of another name does not excuse it",
      { store: { unfinished: ["run-9"] }, warehouse: { lastSettled: "run-8" } },
      /disagree/,
    ],
  ])("%s", (_, parts, message) => {
    expect(told(parts)).toThrow(StateDiverged);
    expect(told(parts)).toThrow(message);
    expect(told(parts)).toThrow(
      expect.objectContaining({
        code: "STATE_DIVERGED",
        exitCode: 1,
        hint: expect.stringContaining("millrace run people --adopt"),
      }),
    );
  });
});
