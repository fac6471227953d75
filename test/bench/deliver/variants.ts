import { Agent } from "node:http";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import axios from "axios";
import type { Plan } from "../../../src/core/plan.ts";
import { planColumns } from "../../../src/state/schema.ts";
import { raw } from "../../../src/warehouse/sql.ts";
import { type Args, measured, type Variants } from "../measure.ts";
import { columns, makeModel, openWarehouse, syncOf } from "../plan/model.ts";
import { batchRows, beginRun, deliverPlan, storeResults, toWebhook } from "./with-millrace.ts";

const runId = "run-bench";
const concurrency = 8;
const table = { schema: "millrace", name: "plan__customers_by_key" };

const config = toWebhook(syncOf("key"));

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

async function viaMillrace({ rows, dir, memory, url }: Args): Promise<Record<string, number>> {
  const warehouse = openWarehouse(String(dir), String(memory));
  const to = { url: String(url), dir: String(dir) };
  return { delivered: await deliverPlan({ warehouse, plan: planOf(Number(rows)), config, ...to }) };
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
  const plan = planOf(Number(args.rows));
  const { store, lease } = await beginRun(String(args.dir), plan, config);
  await storeResults(store, lease, plan, { concurrency });
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
