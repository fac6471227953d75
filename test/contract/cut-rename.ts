import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { readBindings } from "../../src/state/bindings.ts";
import { ensureSync } from "../../src/state/ensure.ts";
import { stateTables, syncTables } from "../../src/state/names.ts";
import type { Session } from "../../src/warehouse/warehouse.ts";
import { LedgerLab } from "../support/ledger-lab.ts";
import { aSync } from "../support/sync.ts";

const tables = stateTables("millrace");
const killed = new Error("killed between two statements");

/** The session of a process that is killed after so many statements, on an engine where each commits by itself. */
function mortal(session: Session, statements: number): Session {
  let left = statements;
  return {
    ...session,
    dialect: session.dialect,
    query: (statement, row) => session.query(statement, row),
    describe: (relation) => session.describe(relation),
    async execute(script) {
      for (const statement of script) {
        if (left === 0) throw killed;
        left -= 1;
        await session.execute([statement]);
      }
    },
  };
}

/** A renamed sync, killed after each number of statements that `cuts` names; a number beyond the last is no kill at all. */
export function renamesAfterAKill(cuts: readonly number[]): void {
  let lab: LedgerLab;
  beforeAll(async () => {
    lab = await LedgerLab.open();
  });
  afterAll(() => lab.close());

  test.each(cuts)("a rename that was killed after %i statements is finished by the next plan", async (cut) => {
    const [before, after] = [`old-${cut}`, `new-${cut}`];
    await lab.model([
      { id: "1", email: "ann@example.com", name: "Ann" },
      { id: "2", email: "bob@example.com", name: "Bob" },
    ]);
    const old = aSync({ name: before });
    await lab.settle(old, await lab.plan(old), ({ key }) =>
      key === "2" ? { status: "rejected", code: "NO", message: "no" } : { status: "delivered" },
    );
    const first = lab.warehouse.session("write", (session) => ensureSync(mortal(session, cut), tables, after, before));
    if (cut < statementsOfARename) await expect(first).rejects.toBe(killed);
    else await first;

    const plan = await lab.plan(aSync({ name: after, renamedFrom: before }));
    expect(plan.plan).toMatchObject({ total: 0, counts: { unchanged: 1, refused: 1 } });
    const { dialect } = lab.warehouse;
    const rejects = await lab.rows(
      "select sync, key from millrace.rejects",
      z.object({ sync: z.string(), key: z.string() }),
    );
    expect(rejects.filter(({ sync }) => [before, after].includes(sync))).toEqual([{ sync: after, key: "2" }]);
    await lab.warehouse.session("read", async (session) => {
      const bound = (await readBindings(session, tables)).map(({ sync }) => sync);
      expect([bound.includes(before), bound.includes(after)]).toEqual([false, true]);
      const left = syncTables("millrace", before, dialect.traits.maxIdentifier);
      for (const table of [left.ledger, left.rejects, left.plan]) expect(await session.describe(table)).toBeNull();
    });
  });
}

/** drop view, two tables, drop and create the plan, drop and create view, binding. */
export const statementsOfARename = 8;
