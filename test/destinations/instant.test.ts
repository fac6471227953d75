import { describe, expect, test } from "vitest";
import { happenedMs } from "../../src/destinations/instant.ts";

describe("when an event happened", () => {
  const planned = { createdAt: new Date("2026-03-01T00:00:00Z") };

  test.each([
    ["2026-01-01T00:00:01.900Z", Date.UTC(2026, 0, 1, 0, 0, 1, 900)],
    // Not mapped: the plan's instant, which a second sending repeats.
    [undefined, planned.createdAt.getTime()],
    // Mapped and unknown: no time is made up for it.
    [null, null],
    ["soon", null],
    [5, null],
  ])("%s", (value, ms) => {
    expect(happenedMs(value, planned)).toBe(ms);
  });
});
