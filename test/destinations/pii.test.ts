import { describe, expect, test } from "vitest";
import { maskRow, maskValue } from "../../src/destinations/pii.ts";

describe("values on screens", () => {
  test.each([
    ["ann@example.com", "a•••@e•••.com"],
    ["Ann Lee", "A•••"],
    ["🐝bee", "🐝•••"],
    ["Al", "•••"],
    ["", "•••"],
    ["@", "•••"],
    [42, "•••"],
    [true, "•••"],
    [null, null],
  ])("show %j as %j", (value, masked) => {
    expect(maskValue(value)).toBe(masked);
  });

  test("are masked at every depth, under their names", () => {
    expect(maskRow({ name: "Ann", more: { tags: ["vip", null] } })).toEqual({
      name: "A•••",
      more: { tags: ["v•••", null] },
    });
  });
});
