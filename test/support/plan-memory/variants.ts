import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { systemClock } from "../../../src/core/clock.ts";
import { keepYoungGenerationSmall } from "../../../src/deliver/young-generation.ts";
import { changeReader } from "../../../src/plan/read-changes.ts";
import { createBigQueryWarehouse } from "../../../src/warehouse/bigquery/index.ts";
import { createSnowflakeWarehouse, type SnowflakeWarehouseOptions } from "../../../src/warehouse/snowflake/index.ts";
import { sql } from "../../../src/warehouse/sql.ts";
import type { Warehouse } from "../../../src/warehouse/warehouse.ts";
import { type Args, measured, type Variants } from "../../bench/measure.ts";
import { aSync } from "../sync.ts";
import { planOf } from "./make-plan.ts";

/** As plans are read everywhere: see `streamedRows` in plan/read-changes.ts. */
const streamedRows = 2_048;
/** See `pageRows` in deliver/settings.ts. */
const pageRows = 5_000;
/** Rows between two looks at what lives. */
const lookEvery = 10_000;

/** `options`: JSON of the engine's own. */
function open({ engine, options }: Args): Warehouse {
  const given: unknown = JSON.parse(String(options));
  return engine === "snowflake"
    ? createSnowflakeWarehouse(given as SnowflakeWarehouseOptions)
    : createBigQueryWarehouse({ ...(given as { project: string; apiEndpoint: string }), clock: systemClock });
}

/**
 * What a process holds on to in its heap, in bytes: after a full collection, for how much garbage V8 lets lie is its own affair
 * and differs from run to run. Network buffers outside the heap come and go; what piled up there would be seen in the peak.
 */
function liveBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

/** Counts rows, and looks now and then at what lives while they are read. */
class Reading {
  rows = 0;
  sum = 0;
  peak = 0;
  #looked = 0;

  row(seq: number): void {
    this.rows += 1;
    this.sum += seq;
  }

  look(): void {
    if (this.rows - this.#looked < lookEvery) return;
    this.#looked = this.rows;
    this.peak = Math.max(this.peak, liveBytes());
  }

  get facts(): Record<string, number> {
    return { rows: this.rows, sum: this.sum, liveMb: this.peak / 1e6 };
  }
}

const reading = (args: Args, read: (warehouse: Warehouse, rows: number, found: Reading) => Promise<void>) =>
  measured(async () => {
    // As a delivery does.
    keepYoungGenerationSmall();
    const warehouse = open(args);
    const found = new Reading();
    try {
      await read(warehouse, Number(args.rows), found);
    } finally {
      await warehouse.close();
    }
    return found.facts;
  });

async function stream(
  warehouse: Warehouse,
  rows: number,
  found: Reading,
  each: (page: readonly unknown[]) => void,
): Promise<void> {
  const { table, runId } = planOf(rows);
  const statement = sql`select p.seq, p.op, p.key, p.identifiers, p.fields, p.external_id, p.prev_identifiers
    from ${warehouse.dialect.relation(table)} p where p.run_id = ${runId}`;
  await warehouse.session("read", async (session) => {
    for await (const page of session.stream(statement, streamedRows)) {
      for (const [seq] of page) found.row(Number(seq));
      each(page);
      found.look();
    }
  });
}

export const variants: Variants = {
  /** The whole plan as the answer of one statement. */
  stream: (args) => reading(args, (warehouse, rows, found) => stream(warehouse, rows, found, () => undefined)),

  /** The same with every row kept: what the test must tell from it. */
  kept: (args) => {
    const kept: unknown[] = [];
    return reading(args, (warehouse, rows, found) => stream(warehouse, rows, found, (page) => void kept.push(...page)));
  },

  /** As a delivery reads it: a statement and a session a page, parsed. */
  pages: (args) =>
    reading(args, async (warehouse, rows, found) => {
      const read = changeReader(planOf(rows), aSync());
      for (let from = 1; from <= rows; from += pageRows) {
        const to = Math.min(rows, from + pageRows - 1);
        for (const { seq } of await warehouse.session("read", (session) => read(session, from, to))) found.row(seq);
        found.look();
      }
    }),
};
