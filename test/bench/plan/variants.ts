import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Plan } from "../../../src/core/plan.ts";
import type { ResultRange } from "../../../src/core/result.ts";
import { canonicalMapping } from "../../../src/plan/mapping.ts";
import { makePlan, type PlanOutcome, type PlanRequest } from "../../../src/plan/plan.ts";
import { compileSource } from "../../../src/plan/source.ts";
import { settle } from "../../../src/settle/settle.ts";
import { ensureState } from "../../../src/state/ensure.ts";
import { syncTables } from "../../../src/state/names.ts";
import { columnList, ledgerColumns } from "../../../src/state/schema.ts";
import { planSchema } from "../../../src/store/records.ts";
import { raw, sql } from "../../../src/warehouse/sql.ts";
import { type Args, measured, type Variants } from "../measure.ts";
import { type Match, makeModel, openWarehouse, syncOf, tables, target } from "./model.ts";

const matchOf = (args: Args): Match => (args.match === "email" ? "email" : "key");
const textOf = (args: Args, name: string): string => String(args[name] ?? "");

function requestOf(args: Args, scope: PlanRequest["scope"], relation: string): PlanRequest {
  return {
    runId: `run-${relation}-${scope}`,
    createdAt: new Date(0),
    sync: syncOf(matchOf(args)),
    relation: { schema: "analytics", name: relation },
    target,
    scope,
  };
}

const factsOf = ({ plan }: PlanOutcome): Record<string, number> => {
  const { add, update, remove, unchanged, modelRows } = plan.counts;
  return { add, update, remove, unchanged, modelRows, total: plan.total };
};

async function* ranges(total: number, length: number, ids: boolean): AsyncIterable<readonly ResultRange[]> {
  const pageRanges = 10_000;
  for (let from = 1; from <= total; ) {
    const page: ResultRange[] = [];
    for (; from <= total && page.length < pageRanges; from += length) {
      const toSeq = Math.min(total, from + length - 1);
      const fate = ids ? { status: "delivered" as const, externalId: `x${from}` } : { status: "delivered" as const };
      page.push({ fromSeq: from, toSeq, attempt: 1, ...fate });
    }
    yield page;
  }
}

/** Settles a frozen plan as delivered. `length`: rows per result range; 1 with ids is the dearest there is. */
async function settlePlan(args: Args, plan: Plan, length: number, ids: boolean): Promise<void> {
  const sync = syncOf(matchOf(args));
  const warehouse = openWarehouse(textOf(args, "dir"), textOf(args, "memory"));
  await warehouse.session("write", (session) =>
    settle(session, tables, ranges(plan.total, length, ids), {
      plan,
      sync,
      mapping: canonicalMapping(sync),
      trigger: "manual",
      startedAt: plan.createdAt,
      endedAt: plan.createdAt,
      status: "done",
      counts: { planned: plan.total, delivered: plan.total, accepted: 0, rejected: 0, retry: 0, unknown: 0 },
    }),
  );
  await warehouse.close();
}

async function freeze(args: Args, scope: PlanRequest["scope"], relation: string): Promise<PlanOutcome> {
  const warehouse = openWarehouse(textOf(args, "dir"), textOf(args, "memory"));
  const outcome = await warehouse.session("write", async (session) => {
    await ensureState(session, tables, "bench");
    return makePlan(session, tables, requestOf(args, scope, relation));
  });
  await warehouse.close();
  await writeFile(planFile(args), JSON.stringify(outcome.plan));
  return outcome;
}

/** Where one process leaves its plan for the next, which settles it. */
const planFile = (args: Args): string => join(textOf(args, "dir"), "plan.json");

const frozenPlan = async (args: Args): Promise<Plan> =>
  planSchema.parse(JSON.parse(await readFile(planFile(args), "utf8")));

async function seedLedger(args: Args): Promise<void> {
  const sync = syncOf(matchOf(args));
  const relation = { schema: "analytics", name: "customers" };
  const warehouse = openWarehouse(textOf(args, "dir"), textOf(args, "memory"));
  await warehouse.session("write", async (session) => {
    const columns = await session.describe(relation);
    const source = compileSource(session.dialect, relation, columns ?? [], sync, {});
    const { ledger } = syncTables("millrace", sync.name, 255);
    await session.execute([
      sql`insert into ${session.dialect.relation(ledger)} (${columnList(session.dialect, ledgerColumns)})
        select ${source.key}, ${source.matchHash}, ${source.identifiers}, ${source.fastFingerprint}, ${source.fingerprintEngine},
          ${source.stableFingerprint}, null, 'present', 'run-seed', null from ${source.relation} order by hash(${source.key}, 10)`,
    ]);
  });
  await warehouse.close();
}

/** Rows that stand in the frozen plan, sent ones or not. */
async function planTableRows(args: Args): Promise<number> {
  const warehouse = openWarehouse(textOf(args, "dir"), textOf(args, "memory"));
  const { plan } = syncTables("millrace", syncOf(matchOf(args)).name, 255);
  const [found] = await warehouse.session("read", (session) =>
    session.query(raw(`select count(*) as rows from millrace."${plan.name}"`), count),
  );
  await warehouse.close();
  return found?.rows ?? -1;
}

const count = z.object({ rows: z.number() });

export const variants: Variants = {
  /** The model, and nothing else. */
  make: (args) =>
    measured(async () => {
      await makeModel(textOf(args, "dir"), Number(args.rows));
      return {};
    }),

  /** The limit: one hash join of model and ledger on the key that counts its matches. */
  join: (args) =>
    measured(async () => {
      const warehouse = openWarehouse(textOf(args, "dir"), textOf(args, "memory"));
      const { ledger } = syncTables("millrace", syncOf(matchOf(args)).name, 255);
      const [found] = await warehouse.session("read", (session) =>
        session.query(
          raw(
            `select count(*) as rows from analytics.${textOf(args, "relation")} m join millrace."${ledger.name}" l on m.customer_id = l.key`,
          ),
          count,
        ),
      );
      await warehouse.close();
      return { matches: found?.rows ?? -1 };
    }),

  /** The whole of a plan, from opening the file to closing it. */
  plan: async (args) => {
    const used = await measured(async () => factsOf(await freeze(args, "changes", textOf(args, "relation"))));
    return { ...used, facts: { ...used.facts, planTableRows: await planTableRows(args) } };
  },

  /** A first run's plan: everything is an add. */
  first: (args) => measured(async () => factsOf(await freeze(args, "changes", "customers"))),

  /** A ledger that holds the whole model, as a first run would leave it, written directly. */
  seed: (args) =>
    measured(async () => {
      await freeze(args, "changes", "nobody");
      await settlePlan(args, await frozenPlan(args), 1, false);
      await seedLedger(args);
      return {};
    }),

  /** Settles the plan that was frozen last. */
  settle: (args) =>
    measured(async () => {
      const plan = await frozenPlan(args);
      await settlePlan(args, plan, Number(args.length), args.ids === true);
      return { total: plan.total };
    }),
};
