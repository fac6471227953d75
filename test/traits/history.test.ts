import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asOfText, type DbtDays, openDays } from "../support/dbt-days.ts";
import { type Database, freshDatabase } from "../support/postgres-database.ts";
import { choices } from "../support/random-world.ts";
import { makeSegmentProject, type SegmentProject } from "../support/segment-project.ts";

const seed = Number(process.env.MILLRACE_SEED ?? 3);
const dayMs = 86_400_000;
const start = Date.parse("2026-02-20T06:00:00Z");

const files = {
  "traits/orders.yml": `traits:
  from: orders
  profile: { user_id: customer }
  at: at_time
  key: n
  history: [lifetime_value, latest_channel]
  lifetime_value: { sum: amount }
  latest_channel: { last: channel, as: text }
  sent_back: { count: "*", where: { amount: { lt: 0 } } }
  mean: { ratio: [lifetime_value, bought], history: true }
  bought: { count: "*", where: { amount: { gte: 0 } } }
  is_regular: { expression: "bought >= 3", as: boolean, history: true }
`,
  "sql/models/orders.sql": "select * from {{ source('raw', 'orders') }}\n",
  "sql/models/sources.yml": "version: 2\nsources: [{ name: raw, schema: raw, tables: [{ name: orders }] }]\n",
};
const kept = ["lifetime_value", "latest_channel", "mean", "is_regular"];
const people = ["ann", "bob", "cid", "dan", "eve"];

const quoted = (at: number): string => `timestamp '${asOfText(at)}'`;
const valuesNow = `select profile_id, ${kept.map((name) => `cast(${name} as varchar)`).join(", ")} from analytics.profile_traits order by 1`;
/** profile and trait → text, as the history has it of an instant. */
const asOfQuery = (at: number): string =>
  `select profile_id, trait, value, number_value from analytics.trait_history where valid_from <= ${quoted(at)} and (valid_to is null or valid_to > ${quoted(at)})`;

describe.each(["duckdb", "postgres"] as const)(`the history of traits on %s (MILLRACE_SEED=${seed})`, (engine) => {
  let project: SegmentProject;
  let database: Database | undefined;
  let days: DbtDays;
  /** What every build that may write history found, by its instant. */
  const found = new Map<number, Map<string, string>>();
  let rowsBefore = 0;

  const build = async (at: number, before: readonly string[], after: readonly string[] = [valuesNow]) => {
    const { failed, rows } = await days.ask({ as_of: asOfText(at), before, after });
    expect(failed).toEqual([]);
    return rows;
  };
  const remember = (at: number, [rows = []]: readonly (readonly (readonly unknown[])[])[]): void => {
    const values = rows.flatMap(([profile, ...cells]) =>
      cells.flatMap((value, i) => (value === null ? [] : [[`${profile} ${kept[i]}`, String(value)] as const])),
    );
    found.set(at, new Map(values));
  };
  /** Texts of numbers differ between a cast now and one before; their numbers do not. */
  const same = (a: string | undefined, b: string): boolean => a === b || Math.abs(Number(a) - Number(b)) < 1e-6;

  beforeAll(async () => {
    database = engine === "postgres" ? await freshDatabase() : undefined;
    project = await makeSegmentProject(files, "UTC");
    await project.compile();
    days = await openDays(project, database?.url);
    const random = choices(seed);
    let n = 0;
    const order = (at: number, customer = random.of(people)): string =>
      `(${n++}, '${customer}', ${quoted(at - random.below(3) * 3_600_000 - 1)}, ${random.below(2000) / 10 - 20}, ${random.of(["'web'", "'shop'", "null"])})`;
    const insert = (rows: readonly string[]): string => `insert into raw.orders values ${rows.join(", ")}`;
    const first = ["ann", "ann", "bob", "cid"].map((customer) => order(start, customer));
    remember(
      start,
      await build(start, [
        "create schema raw",
        "create table raw.orders (n integer, customer varchar, at_time timestamp, amount double precision, channel varchar)",
        insert(first),
      ]),
    );
    const changes: (readonly string[])[] = [
      [insert([order(start + dayMs), order(start + dayMs, "ann"), order(start + dayMs, "eve")])],
      [], // nothing happens
      ["delete from raw.orders where customer = 'cid'", insert([order(start + 3 * dayMs, "ann")])],
      [insert([order(start + 4 * dayMs, "cid"), order(start + 4 * dayMs)]), "update raw.orders set channel = null"],
    ];
    for (const [i, before] of changes.entries()) {
      const at = start + (i + 1) * dayMs;
      remember(at, await build(at, before));
    }
    const last = start + 4 * dayMs;
    // The same instant once more, with other values: the second build's are what was so.
    remember(last, await build(last, ["update raw.orders set amount = amount + 100 where customer in ('ann', 'bob')"]));
    const [counted] = await build(
      last - dayMs / 2,
      ["update raw.orders set amount = 7"],
      ["select cast(count(*) as integer) from analytics.trait_history"],
    );
    rowsBefore = Number(counted?.[0]?.[0]);
  }, 300_000);

  afterAll(async () => {
    await days?.close();
    await database?.remove();
    await project?.remove();
  });

  const ask = (...queries: string[]) => days.query(...queries);

  test("is, as of every build, what that build found", async () => {
    const instants = [...found.keys()];
    const answers = await ask(...instants.flatMap((at) => [asOfQuery(at), asOfQuery(at + dayMs / 2 - 1)]));
    for (const [i, at] of instants.entries()) {
      for (const rows of answers.slice(2 * i, 2 * i + 2)) {
        const told = new Map((rows ?? []).map(([profile, trait, value]) => [`${profile} ${trait}`, String(value)]));
        const expected = found.get(at) ?? new Map<string, string>();
        expect([...told.keys()].sort(), asOfText(at)).toEqual([...expected.keys()].sort());
        for (const [key, value] of expected) {
          expect(same(told.get(key), value), `${asOfText(at)} ${key}: ${told.get(key)} is ${value}`).toBe(true);
        }
        for (const [, trait, value, number] of rows ?? []) {
          expect(typeof number, `${trait}`).toBe(trait === "lifetime_value" || trait === "mean" ? "number" : "object");
          if (number !== null) expect(Number(value)).toBeCloseTo(Number(number), 6);
        }
      }
    }
    expect(found.get(start)?.has("cid lifetime_value")).toBe(true);
    expect(found.get(start + 3 * dayMs)?.has("cid lifetime_value")).toBe(false);
    expect(found.get(start + 4 * dayMs)?.has("cid lifetime_value")).toBe(true);
  });

  test("has one row for as long as a value stays, and none twice", async () => {
    const [ranges, doubles, idle] = await ask(
      "select cast(count(*) as integer) from analytics.trait_history",
      `select a.profile_id from analytics.trait_history a join analytics.trait_history b on a.profile_id = b.profile_id and a.trait = b.trait
        and a.valid_from < b.valid_from and (a.valid_to is null or a.valid_to > b.valid_from)`,
      `select valid_from from analytics.trait_history where valid_from = ${quoted(start + 2 * dayMs)} or valid_to = ${quoted(start + 2 * dayMs)}`,
    );
    expect(ranges).toEqual([[rowsBefore]]); // also after the build at an earlier instant
    expect(doubles).toEqual([]);
    expect(idle).toEqual([]);
  });

  test("answers the guide's question: what was Ann's lifetime value on 1 March", async () => {
    const guide = await readFile(fileURLToPath(new URL("../../docs/traits.md", import.meta.url)), "utf8");
    const query = /```sql\n(select number_value from trait_history[^`]*)```/.exec(guide)?.[1] ?? "";
    const [rows] = await ask(query.replace("trait_history", "analytics.trait_history").replace(";", ""));
    const value = [...found]
      .filter(([at]) => at <= Date.parse("2026-03-01"))
      .at(-1)?.[1]
      .get("ann lifetime_value");
    expect(rows?.map(([number]) => Number(number).toFixed(6))).toEqual([Number(value).toFixed(6)]);
    const [early] = await ask(
      query.replace("trait_history", "analytics.trait_history").replace(";", "").replaceAll("2026-03-01", "2026-02-21"),
    );
    expect(early?.[0]?.[0]).not.toBe(rows?.[0]?.[0]);
  });
});
