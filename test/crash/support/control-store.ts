import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** A look at the control store from outside, while another process works on it. */
export interface StoreView {
  readonly runs: readonly {
    readonly id: string;
    readonly sync: string;
    readonly status: string;
    readonly stage: string;
    readonly started_at: number;
    readonly ended_at: number | null;
    readonly counts: Readonly<Record<string, number>> | null;
  }[];
  readonly batches: readonly {
    readonly run_id: string;
    readonly id: string;
    readonly from_seq: number;
    readonly to_seq: number;
    readonly state: string;
    readonly attempt: number;
    readonly job: { readonly id: string; readonly phase: string } | null;
  }[];
  /** Batches whose results have not left the store. */
  readonly unsettled: number;
  readonly lastSettled: string | null;
  /** Leases that are held: resource → process id. */
  readonly leases: ReadonlyMap<string, number>;
}

const nothing: StoreView = { runs: [], batches: [], unsettled: 0, lastSettled: null, leases: new Map() };

export function readStore(path: string): StoreView {
  if (!existsSync(path)) return nothing;
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  try {
    if (db.prepare("select 1 from sqlite_schema where name = 'syncs'").get() === undefined) return nothing;
    const json = (text: unknown) => (typeof text === "string" ? JSON.parse(text) : null);
    const all = (sql: string) => db.prepare(sql).all() as Record<string, unknown>[];
    return {
      runs: all("select id, sync, status, stage, started_at, ended_at, counts from runs order by n").map((row) => ({
        ...row,
        counts: json(row.counts),
      })) as unknown as StoreView["runs"],
      batches: all("select * from batches order by run_id, from_seq").map((row) => ({
        ...row,
        job: json(row.job),
      })) as unknown as StoreView["batches"],
      unsettled: Number(db.prepare("select count(*) as n from batch_results").get()?.n),
      lastSettled: (db.prepare("select last_settled from syncs").get()?.last_settled as string | null) ?? null,
      leases: new Map(
        all("select resource, pid from leases where owner is not null").map((row) => [
          String(row.resource),
          Number(row.pid),
        ]),
      ),
    };
  } finally {
    db.close();
  }
}

/** Keeps every writer of the store waiting (it gives up after five seconds). */
export function blockStore(path: string): { release(): void } {
  const db = new DatabaseSync(path, { timeout: 5_000 });
  db.exec("begin immediate");
  return {
    release() {
      db.exec("rollback");
      db.close();
    },
  };
}
