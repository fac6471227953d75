import { z } from "zod";
import { PlanSuperseded, StoreFailed } from "../../core/errors.ts";
import type { RunRecord, RunStatus, Stage } from "../../core/run.ts";
import {
  planSchema,
  runCountsSchema,
  runErrorSchema,
  runStatusSchema,
  stageSchema,
  syncConfigSchema,
  triggerSchema,
} from "../records.ts";
import { assertAdvance, defect, isOpen } from "../rules.ts";
import type { RunStore } from "../store.ts";
import type { Database, SqlRow } from "./database.ts";
import { assertFence } from "./leases.ts";

type Runs = Pick<
  RunStore,
  | "begin"
  | "run"
  | "runs"
  | "unfinished"
  | "savePlan"
  | "approve"
  | "advance"
  | "end"
  | "mark"
  | "resolved"
  | "resolved"
>;

const json = z.string().transform((text): unknown => JSON.parse(text));
const instant = z.number().transform((ms) => new Date(ms));

const runRow = z.object({
  id: z.string(),
  sync: z.string(),
  trigger: triggerSchema,
  stage: stageSchema,
  status: runStatusSchema,
  started_at: instant,
  ended_at: instant.nullable(),
  config: json.pipe(syncConfigSchema).nullable(),
  plan: json.pipe(planSchema).nullable(),
  held_for: json.pipe(z.array(z.string())),
  counts: json.pipe(runCountsSchema).nullable(),
  error: json.pipe(runErrorSchema).nullable(),
});

const stateRow = z.object({ sync: z.string(), stage: stageSchema, status: runStatusSchema, planned: z.number() });

export function sqliteRuns(db: Database): Runs {
  function state(runId: string): { sync: string; stage: Stage; status: RunStatus; planned: number } {
    const row = db.get("select sync, stage, status, plan is not null as planned from runs where id = ?", runId);
    if (!row) throw defect(`There is no run ${runId}.`);
    return stateRow.parse(row);
  }

  const select = (where: string, ...values: (string | number)[]): RunRecord[] =>
    db.all(`select * from runs ${where}`, ...values).map((row) => record(db.path, row));

  return {
    begin(run, lease) {
      return db.write(() => {
        assertFence(db, lease);
        if (db.get("select 1 from runs where id = ?", run.id)) throw defect(`Run ${run.id} has begun already.`);
        db.run(
          "insert into runs (id, sync, trigger, stage, status, started_at) values (?, ?, ?, 'models', 'running', ?)",
          run.id,
          run.sync,
          run.trigger,
          run.startedAt.getTime(),
        );
      });
    },

    run: (runId) => db.read(() => select("where id = ?", runId)[0] ?? null),

    runs(filter) {
      const statuses = filter.status ?? runStatusSchema.options;
      const only = filter.sync === undefined ? "" : "sync = ? and ";
      return db.read(() =>
        select(
          `where ${only}status in (select value from json_each(?)) order by started_at desc, n desc limit ?`,
          ...(filter.sync === undefined ? [] : [filter.sync]),
          JSON.stringify(statuses),
          filter.limit ?? -1,
        ),
      );
    },

    unfinished: () => db.read(() => select("where status = 'running' order by started_at, n")),

    savePlan(runId, plan, config, status, heldFor, lease) {
      return db.write(() => {
        assertFence(db, lease);
        const now = state(runId);
        if (now.planned || now.status !== "running") throw defect(`The plan of run ${runId} is frozen already.`);
        db.run(
          `update runs set status = 'superseded', stage = 'done', ended_at = ?
           where sync = ? and id <> ? and status in ('planned', 'held')`,
          db.clock.now().getTime(),
          now.sync,
          runId,
        );
        db.run(
          "update runs set plan = ?, config = ?, total = ?, status = ?, held_for = ?, stage = 'deliver' where id = ?",
          readable(planSchema, plan, `The plan of run ${runId}`),
          readable(syncConfigSchema, config, `The config of run ${runId}`),
          plan.total,
          status,
          JSON.stringify(heldFor),
          runId,
        );
      });
    },

    approve(runId, lease) {
      return db.write(() => {
        assertFence(db, lease);
        const { status } = state(runId);
        if (status === "superseded" || status === "expired") {
          throw new PlanSuperseded(`Plan ${runId} is ${status} and can no longer be approved.`, {
            hint: "Make a new plan with `millrace plan` and approve that one.",
          });
        }
        if (status !== "held" && status !== "planned") throw defect(`Run ${runId} is ${status}: nothing to approve.`);
        db.run("update runs set status = 'running' where id = ?", runId);
      });
    },

    advance(runId, stage, lease) {
      return db.write(() => {
        assertFence(db, lease);
        const now = state(runId);
        if (now.status !== "running") throw defect(`Run ${runId} is ${now.status} and cannot advance.`);
        assertAdvance(runId, now.stage, stage);
        db.run("update runs set stage = ? where id = ?", stage, runId);
      });
    },

    end(runId, status, at, counts, error, lease) {
      return db.write(() => {
        assertFence(db, lease);
        const now = state(runId);
        if (isOpen(status)) throw defect(`A run cannot end as ${status}.`);
        if (!isOpen(now.status)) throw defect(`Run ${runId} has ended already, as ${now.status}.`);
        db.run(
          "update runs set stage = 'done', status = ?, ended_at = ?, counts = ?, error = ? where id = ?",
          status,
          at.getTime(),
          counts && JSON.stringify(counts),
          error && JSON.stringify(error),
          runId,
        );
      });
    },

    mark(runId, status, at) {
      return db.write(() => {
        // Without a lease two processes may mark one run: the first end stands.
        if (!isOpen(state(runId).status)) return;
        db.run("update runs set stage = 'done', status = ?, ended_at = ? where id = ?", status, at.getTime(), runId);
      });
    },

    resolved(runId, into) {
      return db.write(() => {
        const counts = select("where id = ?", runId)[0]?.counts;
        if (!counts) return;
        const moved = { ...counts, [into]: counts[into] + counts.unknown, unknown: 0 };
        db.run("update runs set counts = ? where id = ?", JSON.stringify(moved), runId);
      });
    },
  };
}

function record(path: string, row: SqlRow): RunRecord {
  const parsed = runRow.safeParse(row);
  if (!parsed.success) {
    throw new StoreFailed(`Run ${String(row.id)} in the control store ${path} cannot be read.`, {
      hint: "Run the Millrace version that wrote it, or restore the store from a backup.",
      cause: parsed.error,
    });
  }
  const { started_at, ended_at, held_for, ...rest } = parsed.data;
  return { ...rest, startedAt: started_at, endedAt: ended_at, heldFor: held_for };
}

/** JSON text that is certain to be read back: a value such as Infinity, which JSON turns into null, is refused before it is written. */
function readable<T>(schema: z.ZodType<T>, value: T, what: string): string {
  const text = JSON.stringify(value);
  const parsed = schema.safeParse(JSON.parse(text));
  if (parsed.success) return text;
  throw defect(`${what} cannot be kept: ${z.prettifyError(parsed.error)}`);
}
