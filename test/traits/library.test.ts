import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asOfText, type DbtDays, openDays } from "../support/dbt-days.ts";
import { type Database, freshDatabase } from "../support/postgres-database.ts";
import { choices } from "../support/random-world.ts";
import { makeSegmentProject, type SegmentProject } from "../support/segment-project.ts";

const seed = Number(process.env.MILLRACE_SEED ?? 5);
const dayMs = 86_400_000;
const asOf = Date.parse("2026-03-30T06:00:00Z");
const day = (at: number): number => Math.floor(at / dayMs);

interface Order {
  readonly n: number;
  readonly customer: string;
  readonly at: number;
  readonly amount: number;
  readonly kind: "purchase" | "return";
  readonly product: string | null;
  readonly category: string;
  readonly channel: string;
}

const files = {
  "traits/orders.yml": `traits:
  from: orders
  profile: { user_id: customer }
  at: at_time
  key: n
  library: { value: amount, where: { kind: purchase }, product: product, category: category, channel: channel, lapsed_after: 3 }
`,
  "sql/models/orders.sql": "select * from {{ source('raw', 'orders') }}\n",
  "sql/models/sources.yml": "version: 2\nsources: [{ name: raw, schema: raw, tables: [{ name: orders }] }]\n",
};
const columns = [
  "order_count",
  "lifetime_value",
  "average_order_value",
  "first_order_on",
  "last_order_on",
  "days_since_last_order",
  "median_days_between_orders",
  "recency_score",
  "frequency_score",
  "monetary_score",
  "rfm_score",
  "lapsed",
  "preferred_product",
  "preferred_category",
  "preferred_channel",
] as const;
type Traits = Record<(typeof columns)[number], number | string | boolean | null>;

describe.each(["duckdb", "postgres"] as const)(`the library's traits on %s (MILLRACE_SEED=${seed})`, (engine) => {
  const orders = randomOrders();
  let project: SegmentProject;
  let database: Database | undefined;
  let days: DbtDays;

  beforeAll(async () => {
    database = engine === "postgres" ? await freshDatabase() : undefined;
    project = await makeSegmentProject(files, "UTC");
    await project.compile();
    days = await openDays(project, database?.url);
  }, 300_000);

  afterAll(async () => {
    await days?.close();
    await database?.remove();
    await project?.remove();
  });

  test("are what plain loops over each customer's orders give", { timeout: 300_000 }, async () => {
    const quoted = (text: string | null): string => (text === null ? "null" : `'${text}'`);
    const rows = orders.map(
      ({ n, customer, at, amount, kind, product, category, channel }) =>
        `(${n}, '${customer}', timestamp '${asOfText(at)}', ${amount}, '${kind}', ${quoted(product)}, '${category}', '${channel}')`,
    );
    const selected = columns.map((name) => (name.endsWith("_on") ? `cast(${name} as varchar)` : name));
    const { failed, rows: answers } = await days.ask({
      as_of: asOfText(asOf),
      before: [
        "create schema raw",
        "create table raw.orders (n integer, customer varchar, at_time timestamp, amount double precision, kind varchar, product varchar, category varchar, channel varchar)",
        `insert into raw.orders values ${rows.join(", ")}`,
      ],
      after: [`select profile_id, ${selected.join(", ")} from analytics.profile_traits order by profile_id`],
    });
    expect(failed).toEqual([]);
    const told = (answers[0] ?? []).map(([id, ...values]) => [
      id,
      Object.fromEntries(columns.map((name, i) => [name, plain(values[i], name)])),
    ]);
    const expected = reference(orders);
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(expected));
    // Every answer of the library occurs.
    const all = [...expected.values()];
    expect(new Set(all.map(({ lapsed }) => lapsed))).toEqual(new Set([true, false, null]));
    for (const score of ["recency_score", "frequency_score", "monetary_score"] as const)
      expect(new Set(all.flatMap((each) => each[score] ?? []))).toEqual(new Set([1, 2, 3, 4, 5]));
  });
});

/** Engines answer whole numbers as text or as numbers. */
const plain = (value: unknown, name: string): unknown =>
  value === null || value === undefined || name.startsWith("preferred") || name.endsWith("_on") || name === "lapsed"
    ? (value ?? null)
    : Number(value);

function randomOrders(): Order[] {
  const random = choices(seed);
  return Array.from({ length: 260 }, (_, n) => ({
    n,
    // Some buy often, some once; some only send back.
    customer: `c${String(Math.min(random.below(60), random.below(60))).padStart(2, "0")}`,
    at: asOf - random.below(300) * dayMs - random.below(24) * 3_600_000 + (n % 40 === 0 ? 400 * dayMs : 0),
    amount: random.below(400) / 4,
    kind: random.chance(0.2) ? "return" : "purchase",
    product: random.chance(0.1) ? null : random.of(["mug", "pen", "hat"]),
    category: random.of(["home", "desk"]),
    channel: random.of(["web", "shop"]),
  }));
}

function reference(all: readonly Order[]): Map<string, Traits> {
  const past = all.filter(({ at }) => at < asOf);
  const customers = [...new Set(past.map(({ customer }) => customer))].sort();
  const base = customers.map((customer) => {
    const own = past
      .filter((order) => order.customer === customer && order.kind === "purchase")
      .sort((a, b) => a.at - b.at || a.n - b.n);
    const bought = [...new Set(own.map(({ at }) => day(at)))];
    const [first, last] = [bought[0], bought.at(-1)];
    const gaps = bought.slice(1).map((each, i) => each - (bought[i] ?? 0));
    const silent = last === undefined ? null : day(asOf) - last;
    const rhythm = median(gaps);
    const value = own.reduce((sum, { amount }) => sum + amount, 0);
    return {
      customer,
      order_count: own.length,
      lifetime_value: value,
      average_order_value: own.length === 0 ? null : value / own.length,
      first_order_on: first === undefined ? null : dayText(first),
      last_order_on: last === undefined ? null : dayText(last),
      days_since_last_order: silent,
      median_days_between_orders: rhythm,
      lapsed: silent === null ? null : rhythm !== null && silent > 3 * rhythm,
      preferred_product: preferred(own, (order) => order.product),
      preferred_category: preferred(own, (order) => order.category),
      preferred_channel: preferred(own, (order) => order.channel),
    };
  });
  const silences = base.flatMap((each) => each.days_since_last_order ?? []).map((days) => -days);
  const counts = base.map((each) => each.order_count);
  const values = base.map((each) => each.lifetime_value);
  return new Map(
    base.map(({ customer, ...own }) => {
      const silent = own.days_since_last_order;
      const recency_score = silent === null ? null : fifth(-silent, silences);
      const frequency_score = fifth(own.order_count, counts);
      const monetary_score = fifth(own.lifetime_value, values);
      const rfm_score = recency_score === null ? null : recency_score * 100 + frequency_score * 10 + monetary_score;
      return [customer, { ...own, recency_score, frequency_score, monetary_score, rfm_score }] as const;
    }),
  );
}

const dayText = (days: number): string => new Date(days * dayMs).toISOString().slice(0, 10);

function median(list: readonly number[]): number | null {
  const sorted = [...list].sort((a, b) => a - b);
  const at = (i: number): number => sorted[i] ?? 0;
  if (sorted.length === 0) return null;
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? at(half) : (at(half - 1) + at(half)) / 2;
}

/** In which fifth of all, by how many have less: 1 to 5. */
const fifth = (value: number, all: readonly number[]): number =>
  Math.min(4, Math.floor((all.filter((other) => other < value).length / (all.length - 1)) * 5)) + 1;

/** What most orders have; of equals the one bought last. */
function preferred(own: readonly Order[], of: (order: Order) => string | null): string | null {
  const known = own.flatMap((order) => {
    const value = of(order);
    return value === null ? [] : [{ value, at: order.at }];
  });
  const score = (value: string): [number, number] => {
    const mine = known.filter((each) => each.value === value);
    return [mine.length, Math.max(...mine.map(({ at }) => at))];
  };
  const ranked = [...new Set(known.map(({ value }) => value))].sort((a, b) => {
    const [timesA, lastA] = score(a);
    const [timesB, lastB] = score(b);
    return timesB - timesA || lastB - lastA || (a < b ? -1 : 1);
  });
  return ranked[0] ?? null;
}
