import { expect } from "vitest";
import { z } from "zod";
import type { RowFate } from "../../src/core/result.ts";
import type { Mode, SyncConfig } from "../../src/core/sync.ts";
import { canonicalMapping } from "../../src/plan/mapping.ts";
import { makePlan, type PlanOutcome, type PlanTarget } from "../../src/plan/plan.ts";
import { changeReader, type FrozenChange } from "../../src/plan/read-changes.ts";
import { resolveUnknown } from "../../src/settle/resolve-unknown.ts";
import { settle } from "../../src/settle/settle.ts";
import { dropSync } from "../../src/state/ensure.ts";
import { stateTables, syncTables } from "../../src/state/names.ts";
import { join, raw, sql } from "../../src/warehouse/sql.ts";
import type { Session } from "../../src/warehouse/warehouse.ts";
import { listTarget } from "./ledger-lab.ts";
import {
  type Books,
  type Decided,
  type Expected,
  expectedBooks,
  expectedPlan,
  type ModelRow,
  resolvedBooks,
  type Scope,
  type Setting,
} from "./plan-reference.ts";
import { aSync } from "./sync.ts";

const tables = stateTables("millrace");

/** What stays the same through one history. */
export interface World {
  readonly byMatch: boolean;
  readonly moves: boolean;
  readonly snapshot: boolean;
  readonly retry: Setting["retry"];
  /** The target is once-only: unanswered rows become unknown. */
  readonly once: boolean;
}

export interface Step {
  readonly model: readonly ModelRow[];
  readonly mode: Mode;
  readonly mapping: number;
  readonly scope: Scope;
  readonly fates: readonly ("delivered" | "accepted" | "rejected" | "retry" | "unknown")[];
  /** Whether unanswered rows of this run arrived all the same. */
  readonly applied: boolean;
  /** A person decides about all unanswered rows before the plan. */
  readonly resolves: boolean;
}

const frozen = z.object({
  op: z.string(),
  seq: z.number().nullable(),
  key: z.string().nullable(),
  identifiers: z.string(),
  fields: z.string(),
  external_id: z.string().nullable(),
  prev_key: z.string().nullable(),
  code: z.string().nullable(),
  copies: z.number(),
});

/** Runs histories on a real DuckDB in one session, beside the reference and a simulated platform, and compares after every step. */
export class History {
  readonly #session: Session;
  readonly #world: World;
  readonly #name: string;
  #books: Books = { ledger: [], rejects: [] };
  #runs = 0;
  /** identifier → fields, as a platform would hold them; null: the history did what a platform cannot mirror. */
  #platform: Map<string, string> | null = new Map();
  readonly #waiting = new Map<number, "delivered" | "resend">();

  constructor(session: Session, world: World, name: string) {
    this.#session = session;
    this.#world = world;
    this.#name = name;
  }

  get books(): Books {
    return this.#books;
  }

  get platform(): ReadonlyMap<string, string> | null {
    return this.#platform;
  }

  /** One plan, its delivery and its settling. Returns what was planned. */
  async step(step: Step): Promise<PlanOutcome> {
    if (step.resolves) await this.resolveAll();
    await this.#write(step.model);
    const s: Setting = { ...this.#world, mode: step.mode, mapping: step.mapping, scope: step.scope };
    if (s.mode !== "mirror" && s.mode !== "upsert") this.#platform = null;
    if (s.scope === "adopt" || s.scope === "rebuild") this.#platform = null;
    const sync = this.#sync(s);
    const run = ++this.#runs;
    const { outcome, changes } = await this.#plan(sync, s, run);
    const plan = await this.#compare(outcome, step.model, s);
    assertNumbered(changes, outcome);
    const fateOf = fatesOf(step, run);
    await this.#settle(sync, outcome, changes, step.scope, fateOf);
    this.#books = expectedBooks(this.#books, plan, s, run, (d) =>
      fateOf(d.op, d.key ?? "", d.ident ?? "", d.externalId),
    );
    for (const change of changes)
      this.#deliver(
        change,
        fateOf(change.plannedOp, change.key, this.#identOf(change.match), change.externalId ?? null),
        step.applied,
      );
    if (this.#books.ledger.some((row) => row.run === run && row.state === "unknown")) {
      this.#waiting.set(run, step.applied ? "delivered" : "resend");
    }
    await this.#compareBooks(sync);
    return outcome;
  }

  /** Leaves nothing of the history in the warehouse. */
  end(): Promise<void> {
    return dropSync(this.#session, tables, this.#name);
  }

  /** What the target's rows truly came to is what the person says. */
  async resolveAll(): Promise<void> {
    for (const [run, decision] of this.#waiting) {
      await resolveUnknown(this.#session, tables, { runId: runId(this.#name, run), sync: this.#name, decision });
      this.#books = resolvedBooks(this.#books, run, decision);
    }
    this.#waiting.clear();
  }

  #identOf(match: FrozenChange["match"]): string {
    return this.#world.byMatch ? String(match.email) : "";
  }

  #sync(s: Setting): SyncConfig {
    const number = {
      source: { from: "column", column: "name", type: "number" },
      nulls: "write",
      onlyIfEmpty: false,
    } as const;
    const tag = { source: { from: "value", value: s.mapping }, nulls: "write", onlyIfEmpty: false } as const;
    return aSync({
      name: this.#name,
      mode: s.mode,
      match: s.byMatch ? { email: "email" } : {},
      fields: s.mapping === 0 ? { n: number } : { n: number, tag },
      rejects: { retry: s.retry },
    });
  }

  async #write(model: readonly ModelRow[]): Promise<void> {
    const rows = model.map(({ id, email, value }) => sql`(${id}, ${email}, ${value})`);
    await this.#session.execute([
      raw("drop table if exists analytics.people"),
      raw("create table analytics.people (id varchar, email varchar, name varchar)"),
      ...(rows.length === 0 ? [] : [sql`insert into analytics.people values ${join(rows)}`]),
    ]);
  }

  async #plan(sync: SyncConfig, s: Setting, run: number) {
    const target: PlanTarget = {
      ...listTarget,
      kind: this.#world.moves ? "records" : "list",
      object: this.#name,
      movesMatch: this.#world.moves,
      contents: s.snapshot ? "snapshot" : "changes",
    };
    const outcome = await makePlan(this.#session, tables, {
      runId: runId(this.#name, run),
      createdAt: new Date(Date.UTC(2026, 0, 1, 0, run)),
      sync,
      relation: { schema: "analytics", name: "people" },
      target,
      scope: s.scope,
    });
    const changes = await changeReader(outcome.plan, sync)(this.#session, 1, outcome.plan.total);
    return { outcome, changes };
  }

  /** Compares the frozen plan with the reference's. A quiet twin may be noticed or not; nothing is sent for it either way. */
  async #compare(outcome: PlanOutcome, model: readonly ModelRow[], s: Setting): Promise<Expected> {
    const rows = await this.#session.query(
      sql`select op, seq, key, identifiers, fields, external_id, prev_key, code, copies from ${this.#session.dialect.relation(outcome.plan.table)} where op <> 'clear'`,
      frozen,
    );
    const actual = rows.map((row) => this.#told(row)).toSorted();
    const options = (["noticed", "unnoticed"] as const).map((quiet) => expectedPlan(this.#books, model, s, quiet));
    const plans = options.map((plan) => plan.decided.map((d) => this.#toldExpected(d, s)).toSorted());
    const found = plans.findIndex((plan) => JSON.stringify(plan) === JSON.stringify(actual));
    if (found < 0) expect(actual).toEqual(plans[0]);
    const plan = options[found];
    if (plan === undefined) throw new Error("compared above");
    const sum = (...ops: Decided["op"][]) =>
      plan.decided.filter((d) => ops.includes(d.op)).reduce((total, d) => total + d.rows, 0);
    expect(outcome.plan.counts).toMatchObject({
      modelRows: model.length,
      unchanged: plan.unchanged,
      add: sum("add"),
      update: sum("update"),
      remove: sum("remove"),
      keep: sum("keep"),
      refused: sum("refuse", "standing"),
      suppressed: sum("suppress"),
      ledgerRows: s.scope === "rebuild" ? 0 : this.#books.ledger.filter((row) => row.state === "present").length,
    });
    const { counts } = outcome.plan;
    const listed = s.mode === "remove" ? counts.remove : 0;
    expect(counts.unchanged + counts.add + counts.update + counts.refused + counts.suppressed + listed).toBe(
      model.length,
    );
    return plan;
  }

  #told(row: z.infer<typeof frozen>): string {
    const ident = (JSON.parse(row.identifiers) as { email?: string | null }).email ?? null;
    const n = (JSON.parse(row.fields) as { n?: number | null }).n;
    return told({
      op: row.op,
      key: row.key,
      ident: this.#world.byMatch ? ident : "",
      value: row.seq === null || row.op === "remove" ? null : String(n),
      externalId: row.seq === null ? null : row.external_id,
      prev: row.seq === null ? null : row.prev_key,
      code: row.op === "suppress" ? null : row.code,
      rows: row.copies,
    });
  }

  #toldExpected(d: Decided, s: Setting): string {
    const sent = ["add", "update", "remove", "keep"].includes(d.op);
    return told({
      op: d.op,
      key: d.key,
      ident: s.byMatch ? d.ident : "",
      value: sent && d.op !== "remove" ? (d.value ?? "null") : null,
      externalId: sent ? d.externalId : null,
      prev: sent ? (d.prev?.key ?? null) : null,
      code: d.code,
      rows: d.rows,
    });
  }

  async #settle(
    sync: SyncConfig,
    outcome: PlanOutcome,
    changes: readonly FrozenChange[],
    scope: Scope,
    fateOf: ReturnType<typeof fatesOf>,
  ): Promise<void> {
    const ranges = changes.map((c) => ({
      fromSeq: c.seq,
      toSeq: c.seq,
      attempt: 1,
      ...fateOf(c.plannedOp, c.key, this.#identOf(c.match), c.externalId ?? null),
    }));
    const count = (status: RowFate["status"]): number => ranges.filter((range) => range.status === status).length;
    const once = () =>
      settle(this.#session, tables, pages(ranges), {
        plan: outcome.plan,
        sync,
        mapping: canonicalMapping(sync),
        trigger: scope === "rejects" ? "retry" : scope === "adopt" ? "adopt" : "manual",
        startedAt: outcome.plan.createdAt,
        endedAt: outcome.plan.createdAt,
        status: "done",
        counts: {
          planned: outcome.plan.total,
          delivered: count("delivered"),
          accepted: count("accepted"),
          rejected: count("rejected"),
          retry: count("retry"),
          unknown: count("unknown"),
        },
      });
    expect([await once(), await once()]).toEqual([true, false]);
  }

  #deliver(change: FrozenChange, fate: RowFate, applied: boolean): void {
    if (this.#platform === null || fate.status === "rejected" || fate.status === "retry") return;
    if (fate.status === "unknown" && !applied) return;
    const at = this.#world.byMatch ? this.#identOf(change.match) : change.key;
    if (change.movedFrom !== undefined) this.#platform.delete(this.#identOf(change.movedFrom));
    if (change.op === "remove") this.#platform.delete(at);
    else this.#platform.set(at, JSON.stringify(change.fields));
  }

  async #compareBooks(sync: SyncConfig): Promise<void> {
    const own = syncTables("millrace", sync.name, 255);
    const { dialect } = this.#session;
    const ledger = await this.#session.query(
      sql`select key, identifiers, state, external_id from ${dialect.relation(own.ledger)}`,
      z.object({ key: z.string(), identifiers: z.string(), state: z.string(), external_id: z.string().nullable() }),
    );
    const held = ledger.map((row) => [row.key, this.#ident(row.identifiers), row.state, row.external_id].join("|"));
    expect(held.toSorted()).toEqual(
      this.#books.ledger.map((row) => [row.key, row.ident, row.state, row.externalId].join("|")).toSorted(),
    );
    expect(new Set(ledger.map((row) => `${row.key}|${row.identifiers}`)).size).toBe(ledger.length);
    const rejects = await this.#session.query(
      sql`select key, match, op, code, attempts from ${dialect.relation(own.rejects)}`,
      z.object({
        key: z.string().nullable(),
        match: z.string(),
        op: z.string(),
        code: z.string(),
        attempts: z.number(),
      }),
    );
    expect(
      rejects.map((row) => [row.key, this.#ident(row.match), row.op, row.code, row.attempts].join("|")).toSorted(),
    ).toEqual(
      this.#books.rejects
        .map((row) => [row.key, this.#world.byMatch ? row.ident : "", row.op, row.code, row.attempts].join("|"))
        .toSorted(),
    );
  }

  #ident(identifiers: string): string {
    return this.#world.byMatch ? ((JSON.parse(identifiers) as { email?: string | null }).email ?? "") : "";
  }
}

const told = (row: Readonly<Record<string, string | number | null>>): string => JSON.stringify(row);

const runId = (name: string, run: number): string => `${name}-${String(run).padStart(4, "0")}`;

/** The same change of one run has the same fate whoever asks. */
function fatesOf(step: Step, run: number) {
  return (op: string, key: string, ident: string, known: string | null): RowFate => {
    const place = [...`${op}${key}${ident}`].reduce((sum, letter) => sum * 7 + (letter.codePointAt(0) ?? 0), run);
    const status = step.scope === "adopt" ? "delivered" : (step.fates[place % step.fates.length] ?? "delivered");
    switch (status) {
      case "delivered":
        return known === null ? { status, externalId: `x-${run}-${key}-${ident}` } : { status };
      case "accepted":
        return { status };
      default:
        return { status, code: status.toUpperCase(), message: "said the platform" };
    }
  };
}

function assertNumbered(changes: readonly FrozenChange[], outcome: PlanOutcome): void {
  expect(changes.map((change) => change.seq)).toEqual(changes.map((_, i) => i + 1));
  expect(changes.map((change) => change.plannedOp === "remove")).toEqual(
    changes.map((_, i) => i < outcome.plan.removes),
  );
  expect(changes).toHaveLength(outcome.plan.total);
}

async function* pages<T>(rows: readonly T[]): AsyncIterable<readonly T[]> {
  for (let at = 0; at < rows.length; at += 3) yield rows.slice(at, at + 3);
}
