import { existsSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../src/core/clock.ts";
import { canonicalMapping } from "../../../src/plan/mapping.ts";
import { settle } from "../../../src/settle/settle.ts";
import { columnList, planColumns } from "../../../src/state/schema.ts";
import { openSqliteStore } from "../../../src/store/sqlite/index.ts";
import { raw, sql } from "../../../src/warehouse/sql.ts";
import { beginRun, deliverPlan, storeResults, toWebhook } from "../deliver/with-millrace.ts";
import { type Args, measured, type Variants } from "../measure.ts";
import { tables } from "../plan/model.ts";
import { counted, frozenPlan, inSession, openWarehouse, own, sync, withServer } from "./postgres.ts";

const planOf = (args: Args) => frozenPlan(Number(args.total));

export const variants: Variants = {
  /** The plan that `first` left, to a receiver on the loopback. */
  deliver: (args) =>
    withServer(args, async () => ({
      delivered: await deliverPlan({
        warehouse: openWarehouse(args),
        plan: planOf(args),
        config: toWebhook(sync),
        url: String(args.receiver),
        dir: String(args.dir),
      }),
    })),

  /** What a delivery leaves in the control store where the platform gave every row an id. */
  outcomes: (args) =>
    measured(async () => {
      const plan = planOf(args);
      const { store, lease } = await beginRun(String(args.dir), plan, sync);
      await storeResults(store, lease, plan, { concurrency: 8, idOf: (seq) => `0035g00000${seq}` });
      const { delivered } = await store.counts(plan.runId);
      await store.close();
      return { delivered, store: process.pid };
    }),

  /** Those results into the warehouse: read from the control store, loaded, and the ledger advanced. */
  settle: (args) =>
    withServer(args, async () => {
      const plan = planOf(args);
      const path = join(String(args.dir), `store-${args.store}.sqlite`);
      if (!existsSync(path)) throw new Error(`no control store at ${path}`);
      const store = await openSqliteStore({ path, clock: systemClock });
      const counts = await store.counts(plan.runId);
      const now = systemClock.now();
      const done = await inSession(args, "write", (session) =>
        settle(session, tables, store.results(plan.runId), {
          plan,
          sync,
          mapping: canonicalMapping(sync),
          trigger: "manual",
          startedAt: now,
          endedAt: now,
          status: "done",
          counts,
        }),
      );
      await store.close();
      if (!done) throw new Error("the warehouse had this run already");
      const ledger = `select count(*) as n from millrace."${own.ledger.name}" where external_id is not null`;
      return { settled: await inSession(args, "read", (session) => counted(session, ledger)) };
    }),

  /** The plan's rows again under further numbers, until it is `times` as long. */
  lengthen: (args) =>
    measured(async () => {
      const { total, table } = planOf(args);
      const times = Number(args.times);
      await inSession(args, "write", async (session) => {
        const { dialect } = session;
        const plan = dialect.relation(table);
        const cells = planColumns.map(({ name }) => (name === "seq" ? `seq + n * ${total}` : `"${name}"`)).join(", ");
        await session.execute([
          sql`insert into ${plan} (${columnList(dialect, planColumns)}) select ${raw(cells)} from ${plan}, generate_series(1, ${raw(String(times - 1))}) as t(n)`,
          sql`analyze ${plan}`,
        ]);
      });
      return { total: total * times };
    }),
};
