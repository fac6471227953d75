import { once } from "node:events";
import pg from "pg";
import copy from "pg-copy-streams";
import { z } from "zod";
import { systemClock } from "../../../src/core/clock.ts";
import { noCounts, type Plan } from "../../../src/core/plan.ts";
import type { Row } from "../../../src/core/value.ts";
import { canonicalMapping } from "../../../src/plan/mapping.ts";
import { makePlan, type PlanOutcome } from "../../../src/plan/plan.ts";
import { changeReader } from "../../../src/plan/read-changes.ts";
import { compileSource } from "../../../src/plan/source.ts";
import { stagedColumns, staging, stagingStatements } from "../../../src/settle/load-fates.ts";
import { settle } from "../../../src/settle/settle.ts";
import { ensureState } from "../../../src/state/ensure.ts";
import { syncTables } from "../../../src/state/names.ts";
import { columnList, ledgerColumns } from "../../../src/state/schema.ts";
import { createPostgresWarehouse } from "../../../src/warehouse/postgres/index.ts";
import { raw, sql } from "../../../src/warehouse/sql.ts";
import type { Session, Warehouse } from "../../../src/warehouse/warehouse.ts";
import { type Args, measured, type Used, type Variants } from "../measure.ts";
import { syncOf, tables, target } from "../plan/model.ts";
import { serverCpu, serverOf } from "./server-cpu.ts";

export const sync = syncOf("key");
export const own = syncTables(tables.schema, sync.name, 63);
const urlOf = (args: Args): string => String(args.url);

export const openWarehouse = (args: Args): Warehouse =>
  createPostgresWarehouse({
    url: urlOf(args),
    schema: tables.schema,
    clock: systemClock,
    // As docs/warehouses.md advises; the server's 4 MB spill every hash of a million rows.
    workMem: "256MB",
  });

/** 64 bits of a number; another salt, other bits. */
const bits = (salt: number): string => `hashint8extended(i, ${salt})`;
const below = (salt: number, n: number): string => `abs(${bits(salt)} % ${n})`;

/** The columns of the DuckDB bench, with keys as texts without an order; `version` moves the values of customers that changed. */
const row = (version: string): string => `
  'c' || lpad(to_hex(${bits(0)}), 16, '0') as customer_id,
  'person' || i || '@example.com' as email,
  (array['Ann', 'Bob', 'Cyd', 'Dan', 'Eve', 'Flo', 'Gus'])[1 + ${below(1, 7)}] as first_name,
  (array['DE', 'FR', 'GB', 'US', 'NL'])[1 + ${below(2, 5)}] as country,
  cast(${below(3, 100)} as int) + ${version} as orders,
  cast(${below(4, 10_000_000)} as numeric(12,2)) / 100 as revenue,
  cast(${below(5, 1_000_000)} as double precision) / 1e6 as score,
  ${below(6, 10)} = 0 as vip,
  timestamp '2025-01-01' + ${below(7, 31_536_000)} * interval '1 second' as last_order`;

export async function inSession<T>(
  args: Args,
  access: "read" | "write",
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const warehouse = openWarehouse(args);
  try {
    return await warehouse.session(access, work);
  } finally {
    await warehouse.close();
  }
}

/** CPU of the server besides that of this process: `facts.server`, in hundredths of a second. */
export async function withServer(
  args: Args,
  work: () => Promise<Readonly<Record<string, number>>>,
): Promise<Omit<Used, "rss">> {
  const server = Number(args.server);
  const before = serverCpu(server);
  const used = await measured(work);
  return { ...used, facts: { ...used.facts, server: Math.round((serverCpu(server) - before) * 100) } };
}

const count = z.object({ n: z.number() });
export const counted = (session: Session, statement: string): Promise<number> =>
  session.query(raw(statement), count).then(([found]) => found?.n ?? -1);

const freeze = (args: Args, relation: string): Promise<PlanOutcome> =>
  inSession(args, "write", (session) =>
    makePlan(session, tables, {
      runId: `run-${relation}`,
      createdAt: new Date(0),
      sync,
      relation: { schema: "analytics", name: relation },
      target,
      scope: "changes",
    }),
  );

/** The ledger as a first run would leave it, written directly. */
async function seed(args: Args): Promise<void> {
  await inSession(args, "write", (session) => ensureState(session, tables, "bench"));
  const { plan } = await freeze(args, "nobody");
  await inSession(args, "write", async (session) => {
    const { dialect } = session;
    await settle(session, tables, noResults(), {
      plan,
      sync,
      mapping: canonicalMapping(sync),
      trigger: "manual",
      startedAt: plan.createdAt,
      endedAt: plan.createdAt,
      status: "done",
      counts: { planned: 0, delivered: 0, accepted: 0, rejected: 0, retry: 0, unknown: 0 },
    });
    const relation = { schema: "analytics", name: "customers" };
    const source = compileSource(dialect, relation, (await session.describe(relation)) ?? [], sync, {});
    await session.execute([
      sql`insert into ${dialect.relation(own.ledger)} (${columnList(dialect, ledgerColumns)})
        select ${source.key}, ${source.matchHash}, ${source.identifiers}, ${source.fastFingerprint}, ${source.fingerprintEngine},
          ${source.stableFingerprint}, null, 'present', 'run-seed', null from ${source.relation} order by hashtextextended(${source.key}, 10)`,
      sql`analyze ${dialect.relation(own.ledger)}`,
    ]);
  });
}

async function* noResults(): AsyncGenerator<never> {}

function* resultPages(rows: number): Generator<readonly Row[]> {
  const pageRows = 1_000;
  for (let from = 1; from <= rows; from += pageRows) {
    const length = Math.min(pageRows, rows - from + 1);
    yield Array.from({ length }, (_, i) => ({
      from_seq: from + i,
      to_seq: from + i,
      status: "delivered",
      code: null,
      message: null,
      external_id: `x${from + i}`,
      attempt: 1,
    }));
  }
}

/** The plan that `first` leaves: adds only. */
export const frozenPlan = (total: number): Plan => ({
  runId: "run-customers",
  sync: sync.name,
  table: own.plan,
  createdAt: new Date(0),
  counts: { ...noCounts, modelRows: total, add: total },
  total,
  removes: 0,
  mappingChanges: [],
  fingerprintEngine: "bench",
});

/** As deliver asks for them: see `pageRows` in deliver/settings.ts. */
const pageRows = 5_000;

const readPages = (args: Args, read: (session: Session, fromSeq: number, toSeq: number) => Promise<number>) =>
  withServer(args, async () => {
    const total = Number(args.total);
    const warehouse = openWarehouse(args);
    const page = (from: number): Promise<number> =>
      from > total
        ? Promise.resolve(0)
        : warehouse.session("read", (session) => read(session, from, Math.min(total, from + pageRows - 1)));
    let rows = 0;
    // A page ahead, as deliver/feed.ts reads them: the server is at the next one while this one is being parsed.
    let ahead = page(1);
    for (let from = 1; from <= total; from += pageRows) {
      const current = ahead;
      ahead = page(from + pageRows);
      rows += await current;
    }
    await warehouse.close();
    return { rows };
  });

export const variants: Variants = {
  make: (args) =>
    measured(async () => {
      const rows = Number(args.rows);
      const gone = Math.floor(rows / 100);
      await inSession(args, "write", (session) =>
        session.execute(
          [
            "create schema analytics",
            `create table analytics.customers as select ${row("0")} from generate_series(1, ${rows}) t(i) order by ${bits(8)}`,
            `create table analytics.customers_next as select ${row(`case when i <= ${2 * gone} then 1000 else 0 end`)}
             from generate_series(${gone + 1}, ${rows + gone}) t(i) order by ${bits(9)}`,
            "create table analytics.nobody as select * from analytics.customers limit 0",
            "analyze analytics.customers",
            "analyze analytics.customers_next",
          ].map(raw),
        ),
      );
      await seed(args);
      const server = await inSession(args, "read", async (session) =>
        // While the backend is there: it ends with its session.
        serverOf(await counted(session, "select pg_backend_pid() as n")),
      );
      if (server === null) throw new Error("the server does not run on this machine, or this is no Linux");
      return { server };
    }),

  /** The limit: one hash join of model and ledger on the key that counts its matches, with Millrace's own settings. */
  join: (args) =>
    withServer(args, async () => ({
      matches: await inSession(args, "read", (session) =>
        counted(
          session,
          `select count(*) as n from analytics.${args.relation} m join millrace."${own.ledger.name}" l on m.customer_id = l.key`,
        ),
      ),
    })),

  plan: (args) =>
    withServer(args, async () => {
      const { counts, total } = (await freeze(args, String(args.relation))).plan;
      return { add: counts.add, update: counts.update, remove: counts.remove, total };
    }),

  /** Everything is an add; the plan stays for `read`. */
  first: (args) =>
    withServer(args, async () => {
      await inSession(args, "write", (session) => session.execute([raw(`truncate millrace."${own.ledger.name}"`)]));
      return { total: (await freeze(args, "customers")).plan.total };
    }),

  /** Pages of 5,000 by `seq`, a session each, as cells. */
  read: (args) =>
    readPages(args, async (session, fromSeq, toSeq) => {
      const statement = sql`select seq, op, key, identifiers, fields, external_id, prev_identifiers
        from ${session.dialect.relation(own.plan)} where run_id = ${"run-customers"} and seq between ${fromSeq} and ${toSeq} order by seq`;
      let rows = 0;
      for await (const page of session.stream(statement, 2_048)) rows += page.length;
      return rows;
    }),

  /** The same as a delivery reads it: identifiers and fields parsed. */
  changes: (args) => {
    const read = changeReader(frozenPlan(Number(args.total)), sync);
    return readPages(args, async (session, fromSeq, toSeq) => (await read(session, fromSeq, toSeq)).length);
  },

  /** A result a row into the staging table, as settle loads it. */
  load: (args) =>
    withServer(args, async () =>
      inSession(args, "write", async (session) => {
        await session.execute(stagingStatements(session.dialect));
        return { rows: await session.load(staging(session.dialect), stagedColumns, resultPages(Number(args.rows))) };
      }),
    ),

  /** The same bytes into a table like it by COPY alone, from lines that are written as simply as can be. */
  copy: (args) =>
    withServer(args, async () => {
      const client = new pg.Client({ connectionString: urlOf(args) });
      await client.connect();
      await client.query(
        "create temporary table staged (from_seq bigint, to_seq bigint, status text, code text, message text, external_id text, attempt bigint)",
      );
      const stream = client.query(copy.from("copy staged from stdin"));
      const rows = Number(args.rows);
      for (let from = 1; from <= rows; from += 1_000) {
        let text = "";
        for (let seq = from; seq < from + 1_000 && seq <= rows; seq += 1)
          text += `${seq}\t${seq}\tdelivered\t\\N\t\\N\tx${seq}\t1\n`;
        if (!stream.write(text)) await once(stream, "drain");
      }
      stream.end();
      await once(stream, "finish");
      await client.end();
      return { rows: stream.rowCount };
    }),
};
