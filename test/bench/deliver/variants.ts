import { Agent } from "node:http";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import axios from "axios";
import { systemClock } from "../../../src/core/clock.ts";
import type { Plan } from "../../../src/core/plan.ts";
import type { SyncConfig } from "../../../src/core/sync.ts";
import { Accounts } from "../../../src/deliver/accounts.ts";
import { deliver } from "../../../src/deliver/deliver.ts";
import { http } from "../../../src/destinations/http/index.ts";
import { changeReader } from "../../../src/plan/read-changes.ts";
import { planColumns } from "../../../src/state/schema.ts";
import { openSqliteStore } from "../../../src/store/sqlite/index.ts";
import type { Lease, RunStore } from "../../../src/store/store.ts";
import { raw } from "../../../src/warehouse/sql.ts";
import { type Args, measured, type Variants } from "../measure.ts";
import { columns, makeModel, openWarehouse, syncOf } from "../plan/model.ts";

const runId = "run-bench";
const batchRows = 1_000;
const concurrency = 8;
const table = { schema: "millrace", name: "plan__customers_by_key" };

const config: SyncConfig = { ...syncOf("key"), match: {}, to: { account: "hook", target: "request", options: {} } };

const planOf = (total: number): Plan => ({
  runId,
  sync: config.name,
  table,
  createdAt: new Date(0),
  counts: {
    modelRows: total,
    unchanged: 0,
    add: total,
    update: 0,
    remove: 0,
    keep: 0,
    refused: 0,
    suppressed: 0,
    netted: 0,
    released: 0,
    ledgerRows: 0,
  },
  total,
  removes: 0,
  mappingChanges: [],
  fingerprintEngine: "bench",
});

/** A frozen plan of adds over `analytics.customers`, as `plan` would leave it. */
async function makePlanTable(dir: string): Promise<void> {
  const members = columns.map((name) => `'${name}', f.${name}`).join(", ");
  const values: Readonly<Record<string, string>> = {
    run_id: `'${runId}'`,
    seq: "row_number() over ()",
    op: "'add'",
    key: "f.customer_id",
    match_hash: "0",
    identifiers: "'{}'",
    fields: `cast(json_object(${members}) as varchar)`,
    copies: "1",
  };
  const selected = planColumns.map(({ name, type }) => {
    const value = values[name] ?? "null";
    return `cast(${value} as ${type === "int" ? "bigint" : "varchar"}) as ${name}`;
  });
  const warehouse = openWarehouse(dir, "1GB");
  await warehouse.session("write", (session) =>
    session.execute([
      raw("create schema if not exists millrace"),
      raw(`create or replace table millrace.${table.name} as select ${selected.join(", ")} from analytics.customers f`),
    ]),
  );
  await warehouse.close();
}

/** A run whose plan is frozen, in a new control store. */
async function beginRun(dir: string, total: number): Promise<{ readonly store: RunStore; readonly lease: Lease }> {
  const path = join(dir, `store-${process.pid}.sqlite`);
  const store = await openSqliteStore({ path, clock: systemClock });
  const lease = await store.lease(`sync:${config.name}`, 3_600_000, "bench");
  if (lease === null) throw new Error("the lease is free");
  await store.begin({ id: runId, sync: config.name, trigger: "manual", startedAt: systemClock.now() }, lease);
  await store.savePlan(runId, planOf(total), config, "running", [], lease);
  return { store, lease };
}

async function viaMillrace(args: Args): Promise<Record<string, number>> {
  const total = Number(args.rows);
  const { store, lease } = await beginRun(String(args.dir), total);
  const warehouse = openWarehouse(String(args.dir), String(args.memory));
  const accounts = new Accounts({ clock: systemClock });
  const account = accounts.open(http, http.account.parse({ base_url: args.url }), []);
  const target = http.targets.request;
  if (target === undefined) throw new Error("the http connector has a request target");
  const read = changeReader(planOf(total), config);
  const delivered = await deliver({
    run: { id: runId, config, plan: planOf(total) },
    account,
    target,
    options: target.options.parse({ rows: batchRows }),
    store,
    lease,
    changes: (from, to) => warehouse.session("read", (session) => read(session, from, to)),
    clock: systemClock,
    signal: new AbortController().signal,
  });
  const counts = await store.counts(runId);
  await Promise.all([accounts.close(), warehouse.close(), store.close()]);
  if (delivered.ended !== "complete") throw new Error(delivered.error.message);
  return { delivered: counts.delivered };
}

/** What one would write in an afternoon: row objects from a stream, posted a thousand at a time, eight at once. No state. */
async function viaScript(args: Args): Promise<Record<string, number>> {
  const memory = String(args.memory);
  const settings = { access_mode: "READ_ONLY", threads: "2", ...(memory !== "" && { memory_limit: memory }) };
  const instance = await DuckDBInstance.create(join(String(args.dir), "warehouse.duckdb"), settings);
  const connection = await instance.connect();
  const agent = new Agent({ keepAlive: true });
  const underWay = new Set<Promise<unknown>>();
  let delivered = 0;
  const post = async (rows: readonly unknown[]) => {
    while (underWay.size >= concurrency) await Promise.race(underWay);
    const body = JSON.stringify({ sync: config.name, run: runId, changes: rows });
    const request = axios.post(String(args.url), body, {
      headers: { "content-type": "application/json" },
      httpAgent: agent,
      proxy: false,
      maxBodyLength: Number.POSITIVE_INFINITY,
    });
    const done = request.then(
      () => {
        delivered += rows.length;
        underWay.delete(done);
      },
      (error: unknown) => {
        throw new Error(`a request of the bare script failed: ${String(error)}`);
      },
    );
    underWay.add(done);
  };
  const result = await connection.stream(`select customer_id, ${columns.join(", ")} from analytics.customers`);
  let batch: unknown[] = [];
  for await (const rows of result.yieldRowObjectJson()) {
    for (const { customer_id: key, ...fields } of rows) {
      batch.push({ op: "add", key, fields });
      if (batch.length < batchRows) continue;
      await post(batch);
      batch = [];
    }
  }
  if (batch.length > 0) await post(batch);
  await Promise.all(underWay);
  agent.destroy();
  connection.disconnectSync();
  instance.closeSync();
  return { delivered };
}

/** The control store's writes of the same delivery, and nothing else. */
async function storeAlone(args: Args): Promise<Record<string, number>> {
  const total = Number(args.rows);
  const { store, lease } = await beginRun(String(args.dir), total);
  const batches = Array.from({ length: Math.ceil(total / batchRows) }, (_, i) => ({
    id: `batch-${i}`,
    fromSeq: i * batchRows + 1,
    toSeq: Math.min(total, (i + 1) * batchRows),
  }));
  const pageBatches = 10;
  for (let at = 0; at < batches.length; at += pageBatches) {
    await store.cut(runId, batches.slice(at, at + pageBatches), lease);
  }
  const waiting = batches.values();
  const worker = async () => {
    for (const { id, fromSeq, toSeq } of waiting) {
      await store.sending(runId, id, 1, lease);
      // The answer comes some turns later, so that the writes group as they do in a delivery.
      for (let turns = 1 + (fromSeq % concurrency); turns > 0; turns -= 1) await new Promise((r) => setImmediate(r));
      await store.returned(runId, id, [{ fromSeq, toSeq, attempt: 1, status: "delivered" }], lease);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const { delivered } = await store.counts(runId);
  await store.close();
  return { delivered };
}

export const variants: Variants = {
  /** The model and a frozen plan of it. */
  make: (args) =>
    measured(async () => {
      await makeModel(String(args.dir), Number(args.rows));
      await makePlanTable(String(args.dir));
      return {};
    }),
  millrace: (args) => measured(() => viaMillrace(args)),
  script: (args) => measured(() => viaScript(args)),
  store: (args) => measured(() => storeAlone(args)),
};
