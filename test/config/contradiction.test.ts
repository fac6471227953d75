import { describe, expect, it } from "vitest";
import { type Bound, contradiction } from "../../src/config/contradiction.ts";
import { choices } from "../support/random-world.ts";
import { checkLines } from "./faulty.ts";
import { type Files, soundProject } from "./temp-project.ts";

const seed = Number(process.env.MILLRACE_SEED ?? 17);
const fits = ({ op, to }: Bound, value: number): boolean =>
  ({
    eq: value === to,
    ne: value !== to,
    gt: value > Number(to),
    gte: value >= Number(to),
    lt: value < Number(to),
    lte: value <= Number(to),
  })[op];

describe("contradiction", () => {
  it(`finds two bounds exactly where no number fulfils all (MILLRACE_SEED=${seed})`, () => {
    const random = choices(seed);
    const halves = Array.from({ length: 15 }, (_, i) => i / 2 - 1);
    let found = 0;
    for (let round = 0; round < 2000; round++) {
      const bounds = Array.from({ length: 1 + random.below(4) }, (): Bound => {
        return { op: random.of(["eq", "gt", "gte", "lt", "lte"] as const), to: random.below(6) };
      });
      const never = contradiction(bounds);
      expect(never === undefined).toBe(halves.some((value) => bounds.every((bound) => fits(bound, value))));
      if (never !== undefined) found++;
    }
    expect(found).toBeGreaterThan(100);
    expect(found).toBeLessThan(1900);
  });
});

describe("check of conditions that contradict themselves", () => {
  const S = "segments/s.yml";
  const segment = (where: string): Files => ({
    ...soundProject,
    "sql/models/orders.sql": "select 1 as order_id\n",
    "events/shop.yml":
      "events:\n  bought: { model: orders, key: order_id, at: ordered_at, profile: { user_id: customer_id }, properties: { revenue: { column: revenue, type: number } } }\n",
    "traits/orders.yml":
      'traits:\n  from: orders\n  profile: { user_id: customer_id }\n  at: ordered_at\n  bought_n: { count: "*" }\n  first_on: { min: ordered_at, as: date }\n',
    [S]: `segment: s\nwhere: ${where}\n`,
  });
  const mend = "turn them round, or write two conditions under any";

  it.each([
    [
      "{ trait: bought_n, gt: 5, lt: 2 }",
      [`${S}:2: warning: no bought_n is both more than 5 and less than 2: nothing would ever fit — ${mend}`],
    ],
    [
      "{ trait: first_on, after: 2026-03-01, before: 2026-03-01 }",
      [
        `${S}:2: warning: no first_on is both more than 2026-03-01 and less than 2026-03-01: nothing would ever fit — ${mend}`,
      ],
    ],
    [
      "{ did: bought, where: { revenue: { gte: 10, lt: 10 } } }",
      [`${S}:2: warning: no bought.revenue is both at least 10 and less than 10: nothing would ever fit — ${mend}`],
    ],
    [
      "{ did: bought, times: { gte: 5, lte: 2 } }",
      [`${S}:2: warning: nothing happens both at least 5 and at most 2 times: nobody would be in it — ${mend}`],
    ],
    [
      "{ did: bought, times: { gte: 0 } }",
      [
        `${S}:2: warning: everything happens at least 0 times: everybody would be in it — write { gte: 1 }, or leave the condition out`,
      ],
    ],
    ["{ trait: bought_n, gte: 2, lte: 2, ne: 3 }", []],
    ["{ did: bought, times: { gte: 2, lt: 3 } }", []],
  ])("warns of %s", (where, lines) => {
    expect(checkLines(segment(where))).toEqual(lines);
  });
});
