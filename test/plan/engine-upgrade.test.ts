import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createDuckDbDialect, duckDbDialect } from "../../src/warehouse/duckdb/dialect.ts";
import type { FastHash } from "../../src/warehouse/duckdb/fingerprint.ts";
import { join, sql } from "../../src/warehouse/sql.ts";
import { LedgerLab, listTarget } from "../support/ledger-lab.ts";
import { aSync, column } from "../support/sync.ts";

/** Half of an md5: another function altogether, as an engine's next version might bring. */
const otherHash: FastHash = {
  name: "half-md5@1",
  of(expressions, salt) {
    const parts = expressions.map((expression) => sql`coalesce(cast(${expression} as varchar), 'NULL')`);
    return sql`cast(md5_number_lower(concat_ws('|', ${join([sql`${salt}`, ...parts])})) >> 1 as bigint)`;
  },
};
const upgraded = createDuckDbDialect({ fastHash: otherHash });

const keyed = aSync({ match: {}, fields: { email: column("email"), name: column("name") } });
const matched = aSync();

const people = Array.from({ length: 40 }, (_, i) => ({
  id: `p${i}`,
  email: `p${i}@example.com`,
  name: i % 7 === 0 ? null : `Person ${i}`,
}));

let lab: LedgerLab;

async function delivered(sync: typeof keyed, columns: "plain" | "with-points" = "plain"): Promise<void> {
  lab = await LedgerLab.open(duckDbDialect);
  await lab.model(people);
  if (columns === "with-points") {
    await lab.sql("alter table analytics.people add column points integer");
    await lab.sql("update analytics.people set points = cast(substr(id, 2) as integer)");
  }
  await lab.settle(sync, await lab.plan(sync));
}

const told = (changes: readonly { readonly op: string; readonly key: string }[]): string[] =>
  changes.map(({ op, key }) => `${op} ${key}`).toSorted();

const fingerprints = (): Promise<{ fp_engine: string; fast_fp: string | number | null }[]> =>
  lab.rows(
    `select fp_engine, fast_fp from millrace."ledger__people_to_list"`,
    z.object({ fp_engine: z.string(), fast_fp: z.union([z.string(), z.number()]).nullable() }),
  );

afterEach(() => lab.close());

describe.each([
  ["a key alone", keyed],
  ["an e-mail", matched],
])("an engine with another hash function, records known by %s", (_, sync) => {
  test("re-sends nothing when only the engine changed", async () => {
    await delivered(sync);
    const before = await fingerprints();
    lab = await lab.reopen(upgraded);
    const plan = await lab.plan(sync);
    expect(plan.plan.counts).toMatchObject({ add: 0, update: 0, remove: 0, unchanged: 40 });
    expect(plan.rebased).toBe(40);

    const after = await fingerprints();
    expect(after.every(({ fp_engine }) => fp_engine.startsWith("half-md5@1/"))).toBe(true);
    const old = new Set(before.map(({ fast_fp }) => String(fast_fp)));
    expect(after.filter(({ fast_fp }) => old.has(String(fast_fp)))).toEqual([]);
    expect(await lab.plan(sync)).toMatchObject({ rebased: 0, plan: { total: 0 } });
  });

  test("sends exactly what changed when the data changed too", async () => {
    await delivered(sync);
    lab = await lab.reopen(upgraded);
    await lab.sql("update analytics.people set name = 'Else' where id in ('p3', 'p7')");
    await lab.sql("delete from analytics.people where id = 'p11'");
    await lab.sql("insert into analytics.people (id, email, name) values ('p99', 'p99@example.com', 'New')");
    const plan = await lab.plan(sync);
    expect(told(plan.changes)).toEqual(["add p99", "remove p11", "update p3", "update p7"]);
    await lab.settle(sync, plan);
    expect((await lab.plan(sync)).plan.total).toBe(0);
  });

  test("still sends what was refused before the upgrade and has changed since", async () => {
    lab = await LedgerLab.open(duckDbDialect);
    await lab.model(people);
    await lab.settle(sync, await lab.plan(sync), ({ key }) =>
      key === "p5" || key === "p6" ? { status: "rejected", code: "BAD", message: "bad" } : { status: "delivered" },
    );
    lab = await lab.reopen(upgraded);
    await lab.sql("update analytics.people set name = 'Mended' where id = 'p5'");
    expect(told((await lab.plan(sync)).changes)).toEqual(["add p5"]);
  });
});

test("a column that becomes wider re-sends nothing, and then exactly what changed", async () => {
  const sync = aSync({ fields: { name: column("name"), points: column("points") } });
  await delivered(sync, "with-points");
  await lab.sql("alter table analytics.people alter points type bigint");
  const widened = await lab.plan(sync, { target: listTarget });
  expect(widened.plan).toMatchObject({ total: 0, counts: { unchanged: 40 } });
  expect(widened.rebased).toBe(40);
  await lab.sql("update analytics.people set points = 5000000000 where id = 'p1'");
  expect(told((await lab.plan(sync)).changes)).toEqual(["update p1"]);
});
