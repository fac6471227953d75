import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { ResultRange, RowFate } from "../../src/core/result.ts";
import type { Trigger } from "../../src/core/run.ts";
import type { SyncConfig } from "../../src/core/sync.ts";
import { canonicalMapping } from "../../src/plan/mapping.ts";
import { makePlan, type PlanOutcome, type PlanRequest, type PlanTarget } from "../../src/plan/plan.ts";
import { changeReader, type FrozenChange } from "../../src/plan/read-changes.ts";
import type { PlanProfiles } from "../../src/plan/request.ts";
import { settle } from "../../src/settle/settle.ts";
import { ensureState } from "../../src/state/ensure.ts";
import { stateTables, syncTables } from "../../src/state/names.ts";
import type { Dialect } from "../../src/warehouse/dialect.ts";
import { join as listed, raw, sql } from "../../src/warehouse/sql.ts";
import type { Warehouse } from "../../src/warehouse/warehouse.ts";
import { type LabEngine, labEngine } from "./lab-engine.ts";

/** One person of the model under test. */
export interface Person {
  readonly id: string | null;
  readonly email: string | null;
  readonly name: string | null;
}

export const listTarget: PlanTarget = {
  accountKey: "fake:host",
  object: "list/L",
  kind: "list",
  fieldTypes: {},
  contents: "changes",
  movesMatch: false,
};

const tables = stateTables("millrace");

/** A real warehouse (see lab-engine.ts) with the model `analytics.people`, and plan → fates → settle without a platform. */
export class LedgerLab {
  readonly warehouse: Warehouse;
  readonly #dir: string;
  readonly #engine: LabEngine;
  #runs = 0;

  private constructor(warehouse: Warehouse, dir: string, engine: LabEngine) {
    this.warehouse = warehouse;
    this.#dir = dir;
    this.#engine = engine;
  }

  static async open(dialect?: Dialect): Promise<LedgerLab> {
    const dir = await mkdtemp(join(tmpdir(), "millrace-lab-"));
    return LedgerLab.at(dir, dialect);
  }

  static async at(dir: string, dialect?: Dialect, engine = labEngine()): Promise<LedgerLab> {
    const warehouse = await engine.open(dir, dialect);
    const lab = new LedgerLab(warehouse, dir, engine);
    await lab.sql("create schema if not exists analytics");
    await warehouse.session("write", (session) => ensureState(session, tables, "store-1"));
    return lab;
  }

  /** The same file with another dialect: an upgraded engine. */
  async reopen(dialect: Dialect): Promise<LedgerLab> {
    await this.warehouse.close();
    const lab = await LedgerLab.at(this.#dir, dialect, this.#engine);
    // Run ids go on: a run that was settled is not settled again.
    lab.#runs = this.#runs;
    return lab;
  }

  async close(): Promise<void> {
    await this.warehouse.close();
    await this.#engine.remove(this.#dir);
    await rm(this.#dir, { recursive: true, force: true });
  }

  sql(text: string): Promise<void> {
    return this.warehouse.session("write", (session) => session.execute([raw(text)]));
  }

  rows<T>(text: string, row: z.ZodType<T>): Promise<T[]> {
    return this.warehouse.session("read", (session) => session.query(raw(text), row));
  }

  /** Replaces the model. */
  async model(people: readonly Person[]): Promise<void> {
    const text = this.warehouse.dialect.typeName("text");
    await this.warehouse.session("write", async (session) => {
      await session.execute([
        raw("drop table if exists analytics.people"),
        sql`create table analytics.people (id ${text}, email ${text}, name ${text})`,
      ]);
      const rows = people.map(({ id, email, name }) => sql`(${id}, ${email}, ${name})`);
      if (rows.length > 0) await session.execute([sql`insert into analytics.people values ${listed(rows)}`]);
    });
  }

  /** Replaces what identity publishes of profiles. */
  async quarantine(ids: readonly string[], by: PlanProfiles["by"] = "key"): Promise<PlanProfiles> {
    const text = this.warehouse.dialect.typeName("text");
    await this.warehouse.session("write", async (session) => {
      await session.execute([
        raw("drop table if exists analytics.profile"),
        sql`create table analytics.profile (profile_id ${text}, quarantined integer)`,
        sql`insert into analytics.profile values ${listed([...ids.map((id) => sql`(${id}, 1)`), sql`('free', 0)`])}`,
      ]);
    });
    return { relation: { schema: "analytics", name: "profile" }, by };
  }

  async plan(
    sync: SyncConfig,
    o: Partial<Pick<PlanRequest, "scope" | "target" | "profiles">> = {},
  ): Promise<PlanOutcome & { readonly changes: readonly FrozenChange[] }> {
    this.#runs += 1;
    const [schema = "", name = ""] = sync.source.name.split(".");
    return this.warehouse.session("write", async (session) => {
      const outcome = await makePlan(session, tables, {
        runId: `run-${String(this.#runs).padStart(4, "0")}`,
        createdAt: new Date(Date.UTC(2026, 0, 1, 0, this.#runs)),
        sync,
        relation: { schema, name },
        target: o.target ?? listTarget,
        scope: o.scope ?? "changes",
        ...(o.profiles !== undefined && { profiles: o.profiles }),
      });
      const changes =
        outcome.plan.total === 0 ? [] : await changeReader(outcome.plan, sync)(session, 1, outcome.plan.total);
      return { ...outcome, changes };
    });
  }

  /** Settles a plan with the fate that `fate` gives each change; delivered unless it says otherwise. */
  async settle(
    sync: SyncConfig,
    planned: Awaited<ReturnType<LedgerLab["plan"]>>,
    fate: (change: FrozenChange) => RowFate = () => ({ status: "delivered" }),
    trigger: Trigger = "manual",
  ): Promise<boolean> {
    const ranges: ResultRange[] = planned.changes.map((change) => ({
      fromSeq: change.seq,
      toSeq: change.seq,
      attempt: 1,
      ...fate(change),
    }));
    const count = (status: RowFate["status"]): number => ranges.filter((range) => range.status === status).length;
    return this.warehouse.session("write", (session) =>
      settle(session, tables, pages(ranges), {
        plan: planned.plan,
        sync,
        mapping: canonicalMapping(sync),
        trigger,
        startedAt: planned.plan.createdAt,
        endedAt: planned.plan.createdAt,
        status: "done",
        counts: {
          planned: planned.plan.total,
          delivered: count("delivered"),
          accepted: count("accepted"),
          rejected: count("rejected"),
          retry: count("retry"),
          unknown: count("unknown"),
        },
      }),
    );
  }

  ledger(sync: SyncConfig): Promise<{ key: string; identifiers: string; state: string; external_id: string | null }[]> {
    const own = syncTables("millrace", sync.name, this.warehouse.dialect.traits.maxIdentifier);
    return this.rows(
      `select key, identifiers, state, external_id from ${this.warehouse.dialect.relation(own.ledger).text} order by key, identifiers`,
      z.object({ key: z.string(), identifiers: z.string(), state: z.string(), external_id: z.string().nullable() }),
    );
  }

  rejects(): Promise<{ key: string | null; op: string; code: string; attempts: number }[]> {
    return this.rows(
      "select key, op, code, attempts from millrace.rejects order by key nulls first, op",
      z.object({ key: z.string().nullable(), op: z.string(), code: z.string(), attempts: z.number() }),
    );
  }
}

async function* pages(ranges: readonly ResultRange[]): AsyncIterable<readonly ResultRange[]> {
  // Of three rows, so that small plans have several; of many where there are many.
  const rows = ranges.length > 1_000 ? 1_000 : 3;
  for (let at = 0; at < ranges.length; at += rows) yield ranges.slice(at, at + rows);
}
