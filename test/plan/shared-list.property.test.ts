import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { SyncConfig } from "../../src/core/sync.ts";
import { dropSync } from "../../src/state/ensure.ts";
import { stateTables } from "../../src/state/names.ts";
import { LedgerLab } from "../support/ledger-lab.ts";
import { aSync } from "../support/sync.ts";

const histories = Math.ceil(Number(process.env.MILLRACE_HISTORIES ?? 60) / 10);

let lab: LedgerLab;
beforeAll(async () => {
  lab = await LedgerLab.open();
});
afterAll(() => lab.close());

const syncs = (byMatch: boolean): readonly SyncConfig[] =>
  ["first", "second"].map((name) =>
    aSync({
      name,
      source: { kind: "table", name: `analytics.${name}` },
      match: byMatch ? { email: "email" } : {},
      fields: {},
    }),
  );

const write = (sync: SyncConfig, people: readonly string[]): Promise<void> =>
  lab.sql(
    `create or replace table ${sync.source.name} as select e as id, e || '@x.example' as email from unnest([${people.map((name) => `'${name}'`).join(", ")}]::varchar[]) t(e)`,
  );

type Planned = Awaited<ReturnType<LedgerLab["plan"]>>;

/** What the platform's list does with a delivered change; people are told apart by their key, which each e-mail begins with. */
function apply(list: Set<string>, { changes }: Planned, arrives: (key: string) => boolean): void {
  for (const { op, key } of changes.filter((change) => arrives(change.key))) {
    if (op === "remove") list.delete(key);
    else list.add(key);
  }
}

async function end(): Promise<void> {
  for (const { name } of syncs(true)) {
    await lab.warehouse.session("write", (session) => dropSync(session, stateTables("millrace"), name));
  }
}

const people = fc.subarray(["a", "b", "c", "d"]);
const step = fc.record({ first: people, second: people, late: people });

describe("two syncs of one list", () => {
  test("keep on it whom either wants, and nobody else", { timeout: 3_600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(step, { minLength: 1, maxLength: 4 }), async (byMatch, steps) => {
        const list = new Set<string>();
        const run = async (sync: SyncConfig, late: readonly string[], scope: "changes" | "retire" = "changes") => {
          const plan = await lab.plan(sync, { scope });
          apply(list, plan, (key) => !late.includes(key));
          await lab.settle(sync, plan, ({ key }) =>
            late.includes(key) ? { status: "retry", code: "LATER", message: "later" } : { status: "delivered" },
          );
        };
        const [first, second] = syncs(byMatch);
        if (first === undefined || second === undefined) throw new Error("there are two");
        let wanted = new Set<string>();
        for (const now of steps) {
          await write(first, now.first);
          await write(second, now.second);
          for (const sync of [first, second]) await run(sync, now.late);
          wanted = new Set([...now.first, ...now.second]);
        }
        for (const sync of [first, second, first, second]) await run(sync, []);
        expect(list).toEqual(wanted);
        await run(first, [], "retire");
        await lab.warehouse.session("write", (session) => dropSync(session, stateTables("millrace"), first.name));
        expect(list).toEqual(new Set(steps.at(-1)?.second));
        await run(second, [], "retire");
        expect(list).toEqual(new Set());
        await end();
      }),
      { numRuns: histories },
    );
  });

  test("that release one person to each other at once do not leave him there for ever", async () => {
    const [first, second] = syncs(true);
    if (first === undefined || second === undefined) throw new Error("there are two");
    for (const sync of [first, second]) {
      await write(sync, ["a"]);
      await lab.settle(sync, await lab.plan(sync));
      await write(sync, []);
    }
    const both = [await lab.plan(first), await lab.plan(second)] as const;
    expect(both.map(({ plan }) => plan.counts.released)).toEqual([1, 1]);
    await lab.settle(first, both[0]);
    await lab.settle(second, both[1]);
    const after = [await lab.plan(first), await lab.plan(second)];
    expect(after.flatMap(({ changes }) => changes.map(({ op, key }) => `${op} ${key}`))).toEqual(["remove a"]);
    await end();
  });

  test("do not take each other's people for their own where the key alone identifies", async () => {
    const [first, second] = syncs(false);
    if (first === undefined || second === undefined) throw new Error("there are two");
    await write(first, ["a", "b"]);
    await write(second, ["b"]);
    for (const sync of [first, second]) await lab.settle(sync, await lab.plan(sync));
    await write(first, []);
    const plan = await lab.plan(first);
    expect(plan.changes.map(({ op, key }) => `${op} ${key}`)).toEqual(["remove a"]);
    expect(plan.plan.counts.released).toBe(1);
    await lab.settle(first, plan);
    const [left] = await lab.rows(
      "select count(*) as n from millrace.ledger__first where state = 'present'",
      z.object({ n: z.number() }),
    );
    expect(left).toEqual({ n: 0 });
    await end();
  });
});
