import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rowRoomOf } from "../../src/core/row-room.ts";
import { cut, widestValue } from "../../src/traits/parts.ts";
import { asOfText, type DbtDays, openDays } from "../support/dbt-days.ts";
import { type Database, freshDatabase } from "../support/postgres-database.ts";
import { choices } from "../support/random-world.ts";
import { makeSegmentProject, type SegmentProject } from "../support/segment-project.ts";

const seed = Number(process.env.MILLRACE_SEED ?? 23);
const asOf = Date.parse("2026-03-30T06:00:00Z");
const hourMs = 3_600_000;
/** Neither file's traits are a row of Postgres, and all together are about as many as a view has columns. */
const numbers = 1000;
const texts = 590;

const file = (name: string, source: string, count: number, trait: (i: number) => string, more = ""): string =>
  `traits:\n  from: orders\n  profile: { user_id: customer }\n  at: at_time\n  key: n\n${source}${Array.from({ length: count }, (_, i) => `  ${name}${i}: ${trait(i)}\n`).join("")}${more}`;
const files = {
  "millrace.yml":
    "project: shop\nwarehouse: { type: postgres, url: postgres://localhost/shop }\ndbt: { project: ./sql }\nsettings: { timezone: America/New_York }\n",
  "traits/numbers.yml": file(
    "t",
    "",
    numbers,
    (i) => `{ sum: amount, as: number, where: { n: ${i} } }`,
    "  apart: { ratio: [t950, t2], history: true }\n  sum_of_two: { expression: 'T1 + t999 + apart' }\n  rank: { score: { of: apart } }\n  joined: { max: joined_on, as: date }\n",
  ),
  "traits/texts.yml": file(
    "x",
    "  arrived: arrived_at\n",
    texts,
    (i) => `{ last: label, as: text, where: { n: ${i} } }`,
  ),
  "segments/two.yml": "segment: two\nwhere: { all: [{ trait: t7, gte: 10000 }, { trait: t990, lt: 20000 }] }\n",
  "sql/models/orders.sql": "select * from {{ source('raw', 'orders') }}\n",
  "sql/models/sources.yml": "version: 2\nsources: [{ name: raw, schema: raw, tables: [{ name: orders }] }]\n",
};

interface Row {
  readonly customer: string;
  readonly n: number;
  readonly amount: number;
  readonly label: string;
}
/** A text of 23 characters is the longest that never leaves its row. */
const row = (customer: string, n: number, version = 1): Row => ({
  customer,
  n,
  amount: Number(customer.slice(1)) * 10_000 + n,
  label: createHash("sha256").update(`${customer} ${n} ${version}`).digest("hex").slice(0, 23),
});
/** The third has no rows of odd numbers: half of its traits are missing. */
const first = ["c1", "c2", "c3"].flatMap((customer) =>
  Array.from({ length: numbers }, (_, n) => row(customer, n)).filter(({ n }) => customer !== "c3" || n % 2 === 0),
);
const later = [row("c3", 3, 2), row("c3", 580, 2), row("c4", 500, 2)];

const insert = (rows: readonly Row[], when: number): string => {
  const at = `timestamp '${asOfText(when)}'`;
  const values = rows.map(
    ({ customer, n, amount, label }) => `('${customer}', ${n}, ${amount}, '${label}', ${at}, ${at})`,
  );
  return `insert into raw.orders (customer, n, amount, label, at_time, arrived_at) values ${values.join(", ")}`;
};

/** The same by plain loops: name → value of every trait, by customer. */
function reference(rows: readonly Row[]): Record<string, Record<string, unknown>> {
  const ratios = new Map<string, number | null>();
  const all: Record<string, Record<string, unknown>> = {};
  for (const customer of [...new Set(rows.map((each) => each.customer))]) {
    const own = (n: number): Row[] => rows.filter((each) => each.customer === customer && each.n === n);
    const sum = (n: number): number | null =>
      own(n).length === 0 ? null : own(n).reduce((total, { amount }) => total + amount, 0);
    const known = (a: number | null, b: number | null, how: (a: number, b: number) => number): number | null =>
      a === null || b === null ? null : how(a, b);
    const apart = known(sum(950), sum(2), (a, b) => a / b);
    ratios.set(customer, apart);
    all[customer] = {
      ...Object.fromEntries(Array.from({ length: numbers }, (_, i) => [`t${i}`, sum(i)])),
      ...Object.fromEntries(Array.from({ length: texts }, (_, i) => [`x${i}`, own(i).at(-1)?.label ?? null])),
      // A day is that day in New York, too.
      joined: "2026-03-01",
      apart,
      sum_of_two: known(
        known(sum(1), sum(999), (a, b) => a + b),
        apart,
        (a, b) => a + b,
      ),
    };
  }
  const ranked = [...ratios].flatMap(([customer, ratio]) => (ratio === null ? [] : [{ customer, ratio }]));
  for (const [customer, ratio] of ratios) {
    const below = ranked.filter((other) => other.ratio < (ratio ?? 0)).length / (ranked.length - 1);
    all[customer] = { ...all[customer], rank: ratio === null ? null : Math.min(Math.floor(below * 5), 4) + 1 };
  }
  return all;
}

describe("traits for which no row of Postgres has room", () => {
  let project: SegmentProject;
  let database: Database;
  let days: DbtDays;
  beforeAll(async () => {
    database = await freshDatabase();
    project = await makeSegmentProject(files, "UTC");
    await project.compile();
    days = await openDays(project, database.url);
  }, 120_000);
  afterAll(async () => {
    await days?.close();
    await database?.remove();
    await project?.remove();
  });
  const traitsNow = async (): Promise<unknown> => {
    const [rows = []] = await days.query(
      "select profile_id, to_jsonb(p) - 'profile_id' from analytics.profile_traits p",
    );
    return Object.fromEntries(rows);
  };

  test("are built, and each is read as it was reckoned", { timeout: 240_000 }, async () => {
    const { failed } = await days.ask({
      as_of: asOfText(asOf),
      before: [
        "create schema raw",
        "create table raw.orders (customer varchar, n integer, amount integer, label varchar, joined_on date default '2026-03-01', at_time timestamp, arrived_at timestamp)",
        insert(first, asOf - 24 * hourMs),
      ],
      after: [],
    });
    expect(failed).toEqual([]);
    expect(await traitsNow()).toEqual(reference(first));
  });

  test("make segments, history and views of so many columns", async () => {
    const [members = [], past = [], columns = []] = await days.query(
      "select profile_id, t999, x589 from analytics.two",
      "select profile_id, trait from analytics.trait_history order by 1",
      "select count(*)::int from information_schema.columns where table_schema = 'analytics' and table_name = 'two'",
    );
    const { label } = row("c1", 589);
    expect(members).toEqual([["c1", row("c1", 999).amount, label]]);
    expect(past).toEqual(["c1", "c2", "c3"].map((customer) => [customer, "apart"]));
    expect(columns).toEqual([[1 + numbers + texts + 4]]);
  });

  test("are read from the parts that a condition names, and from no others", async () => {
    const [tables = [], plan = []] = await days.query(
      "select relname from pg_class where relkind = 'r' and relname like 'profile_traits%' order by 1",
      "explain select profile_id from analytics.profile_traits where t7 > 5 and t990 > 5",
    );
    const read = new Set(plan.flatMap(([line]) => String(line).match(/profile_traits_part_\d+/)?.[0] ?? []));
    expect(tables.length).toBeGreaterThan(6);
    // everybody, and a part for each of the two
    expect([...read].sort()).toHaveLength(3);
  });

  test("are reckoned again of those alone who have new rows, in every part", { timeout: 240_000 }, async () => {
    const second = asOf + 24 * hourMs;
    const { failed, rows } = await days.ask({
      as_of: asOfText(second),
      before: [insert(later, second - hourMs)],
      verb: "run",
      after: [1, 2].map(
        (part) => `select profile_id, cast(evaluated_at as text) from analytics.traits__texts_part_${part} order by 1`,
      ),
    });
    expect(failed).toEqual([]);
    const evaluated = ["c1", "c2", "c3", "c4"].map((customer) => [
      customer,
      asOfText(customer < "c3" ? asOf : second).slice(0, 19),
    ]);
    expect(rows).toEqual([evaluated, evaluated]);
    expect(await traitsNow()).toEqual(reference([...first, ...later]));
  });

  test(`fit a row by the bytes that they are reckoned with, whatever their order (MILLRACE_SEED=${seed})`, async () => {
    const random = choices(seed);
    const room = rowRoomOf(["postgres"]);
    const values = new Map([
      [8, ["1.5::double precision", "7::bigint", "true", "date '2026-03-30'", "timestamp '2026-03-30 06:00'"]],
      [
        widestValue,
        [
          "'a text of 23 characters'",
          "'seventeen letters'::text",
          "repeat('so long that it is moved out', 90)",
          "1e60::numeric / 7",
          "12.5::numeric",
          "array[1, 2, 3]",
          // costs nothing but the mark that it is missing
          "null::text",
        ],
      ],
    ]);
    await database.admin("create schema rows");
    for (let round = 0; round < 12; round++) {
      const widths = Array.from({ length: 1200 }, () => (random.chance(round / 12) ? widestValue : 8));
      const [part = []] = cut(widths, { beside: [widestValue], widthOf: (width) => width, bytes: room?.bytes ?? 0 });
      // Of one kind, too: many that fall a little short of what they are reckoned with would hide one that is longer.
      const kinds = [...values].map(([width, all]) => [width, round % 2 === 0 ? all : [random.of(all)]] as const);
      const chosen = new Map(kinds);
      const row = ["'a profile of 23 letters'::text", ...part.map((width) => random.of(chosen.get(width) ?? []))];
      const list = row.map((value, i) => `${value} as c${i}`).join(", ");
      await database.admin(`create table rows.row_${round} as select ${list}`);
    }
    // The limit is Postgres's and not only ours: a few more do not fit.
    const beyond = Array.from({ length: 345 }, (_, i) => `'a text of 23 characters' as c${i}`).join(", ");
    await expect(database.admin(`create table rows.beyond as select ${beyond}`)).rejects.toThrow("row is too big");
  });
});
