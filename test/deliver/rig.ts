import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { Clock } from "../../src/core/clock.ts";
import type { Plan } from "../../src/core/plan.ts";
import type { ResultRange } from "../../src/core/result.ts";
import type { BatchRecord, RunCounts } from "../../src/core/run.ts";
import type { Mode, SyncConfig } from "../../src/core/sync.ts";
import { Accounts } from "../../src/deliver/accounts.ts";
import { type Delivered, deliver } from "../../src/deliver/deliver.ts";
import type { ChangeSource, PlannedChange } from "../../src/deliver/planned-change.ts";
import type { Progress } from "../../src/deliver/progress.ts";
import type { DeliverSettings } from "../../src/deliver/settings.ts";
import type { Connector, RateLimit, Target, TargetShape } from "../../src/destinations/connector.ts";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";
import type { Lease, RunStore } from "../../src/store/store.ts";

export const startAt = new Date("2026-03-02T09:00:00Z");

/** Time that moves only while somebody sleeps: a sleep costs one turn of the event loop. */
export function skippingClock(): Clock & { readonly slept: number[] } {
  let now = startAt.getTime();
  const slept: number[] = [];
  return {
    slept,
    now: () => new Date(now),
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      const until = now + ms;
      slept.push(ms);
      // Lets everything that is ready go first, real sockets included.
      await new Promise((resolve) => setTimeout(resolve, 1));
      signal?.throwIfAborted();
      now = Math.max(now, until);
    },
  };
}

/** `removes` removals, then adds, with a little payload each. */
export function plannedRows(total: number, removes = 0): PlannedChange[] {
  return Array.from({ length: total }, (_, i) => {
    const seq = i + 1;
    const op = seq <= removes ? "remove" : "add";
    const fields = op === "remove" ? {} : { name: `name of ${seq}` };
    return { seq, op, plannedOp: op, key: `k${seq}`, match: { email: `p${seq}@example.com` }, fields, bytes: 50 };
  });
}

export function sourceOf(rows: readonly PlannedChange[]): ChangeSource {
  return async (from, to) => rows.slice(from - 1, to);
}

export const shape: TargetShape = {
  batch: { maxRows: 100, mixedOps: true },
  resend: "idempotent",
  outcome: "per-batch",
  contents: "changes",
};

type TestTarget = Partial<Omit<Target, "shape">> & Pick<Target, "send"> & { readonly shape?: Partial<TargetShape> };

export function testTarget(target: TestTarget): Target {
  return {
    description: "a test's target",
    kind: "records",
    options: z.strictObject({}),
    identifiers: ["email"],
    needsMatch: false,
    fields: { known: {}, others: "allowed" },
    ops: ["add", "update", "remove"],
    modes: ["mirror", "upsert", "insert", "update", "append", "remove"],
    onlyIfEmpty: false,
    object: () => "thing",
    ...target,
    shape: () => ({ ...shape, ...target.shape }),
  };
}

const unlimited: readonly RateLimit[] = [{ scope: "all", requests: 1_000_000, perMs: 1_000, concurrency: 8 }];

export function testConnector(options: {
  readonly baseUrl?: string;
  readonly target: Target;
  readonly limits?: readonly RateLimit[];
  readonly authenticate?: Connector<unknown>["authenticate"];
}): Connector<unknown> {
  const { baseUrl, authenticate } = options;
  return {
    id: "testing",
    category: "other",
    apiVersion: "",
    account: z.unknown(),
    targets: { thing: options.target },
    accountKey: () => "the-account",
    limits: () => options.limits ?? unlimited,
    check: async () => undefined,
    ...(baseUrl === undefined ? {} : { baseUrl: () => baseUrl }),
    ...(authenticate === undefined ? {} : { authenticate }),
  };
}

export interface Rig {
  readonly store: RunStore;
  readonly clock: Clock & { readonly slept: number[] };
  readonly controller: AbortController;
  readonly progress: Progress[];
  /** Delivers, or goes on delivering; each call is a new process as far as the engine can tell. */
  deliver(): Promise<Delivered>;
  batches(): Promise<BatchRecord[]>;
  results(): Promise<ResultRange[]>;
  /** The fate of every row, by seq. */
  fates(): Promise<Map<number, string>>;
  counts(): Promise<RunCounts>;
  readonly runId: string;
  readonly lease: Lease;
  close(): Promise<void>;
}

export interface RigOptions {
  readonly rows: readonly PlannedChange[];
  readonly target: Target;
  readonly baseUrl?: string;
  readonly limits?: readonly RateLimit[];
  readonly authenticate?: Connector<unknown>["authenticate"];
  readonly settings?: Partial<DeliverSettings>;
  readonly batch?: SyncConfig["batch"];
  readonly mode?: Mode;
  readonly changes?: ChangeSource;
  readonly random?: () => number;
  readonly clock?: Clock & { readonly slept: number[] };
  /** Wraps the store, to make it fail or to watch it. */
  readonly through?: (store: RunStore) => RunStore;
}

export async function rig(options: RigOptions): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-deliver-"));
  const clock = options.clock ?? skippingClock();
  const store = await openSqliteStore({ path: join(folder, "store.sqlite"), clock });
  const lease = await store.lease("sync:testing", 3_600_000_000, "test");
  if (lease === null) throw new Error("no lease");
  const runId = "run-1";
  const removes = options.rows.filter((row) => row.plannedOp === "remove").length;
  const config = syncConfig(options);
  const plan = planOf(runId, options.rows.length, removes);
  await store.begin({ id: runId, sync: "testing", trigger: "manual", startedAt: clock.now() }, lease);
  await store.savePlan(runId, plan, config, "running", [], lease);
  const controller = new AbortController();
  const progress: Progress[] = [];
  const connector = testConnector(options);
  const results = async () => {
    const all: ResultRange[] = [];
    for await (const page of store.results(runId)) all.push(...page);
    return all;
  };
  return {
    store,
    clock,
    controller,
    progress,
    runId,
    lease,
    async deliver() {
      const accounts = new Accounts({ clock, http: { timeoutMs: 1_000 } });
      try {
        return await deliver({
          run: { id: runId, config, plan },
          account: accounts.open(connector, {}, []),
          target: options.target,
          options: {},
          store: options.through?.(store) ?? store,
          lease,
          changes: options.changes ?? sourceOf(options.rows),
          clock,
          random: options.random ?? (() => 0.5),
          signal: controller.signal,
          onProgress: (event) => progress.push(event),
          settings: options.settings ?? {},
        });
      } finally {
        await accounts.close();
      }
    },
    batches: () => store.batches(runId),
    results,
    async fates() {
      const fates = new Map<number, string>();
      for (const range of await results()) {
        for (let seq = range.fromSeq; seq <= range.toSeq; seq += 1) {
          if (fates.has(seq)) throw new Error(`row ${seq} has two results`);
          fates.set(seq, "code" in range ? `${range.status} ${range.code}` : range.status);
        }
      }
      return fates;
    },
    counts: () => store.counts(runId),
    async close() {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function syncConfig(options: RigOptions): SyncConfig {
  return {
    name: "testing",
    source: { kind: "model", name: "people" },
    key: "id",
    match: { email: "email" },
    to: { account: "testing", target: "thing", options: {} },
    mode: options.mode ?? "mirror",
    fields: { name: { source: { from: "column", column: "name" }, nulls: "write", onlyIfEmpty: false } },
    batch: options.batch ?? {},
    guard: { maxRemoved: 1, maxRemovedRows: 1_000_000, maxChanged: 1, minRows: 0, mappingChange: "allow" },
    rejects: { retry: "on_change" },
    strict: false,
    origin: { file: "syncs/testing.yml", line: 1 },
  };
}

function planOf(runId: string, total: number, removes: number): Plan {
  return {
    runId,
    sync: "testing",
    table: { schema: "millrace", name: "plan__testing" },
    createdAt: startAt,
    counts: {
      modelRows: total - removes,
      unchanged: 0,
      add: total - removes,
      update: 0,
      remove: removes,
      keep: 0,
      refused: 0,
      suppressed: 0,
      netted: 0,
      released: 0,
      ledgerRows: removes,
    },
    total,
    removes,
    mappingChanges: [],
    fingerprintEngine: "test",
  };
}

/** A server on the loopback; `answer` sees the body's text and writes the answer. */
export async function server(
  answer: (request: http.IncomingMessage, body: string, response: http.ServerResponse) => unknown,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const listening = http.createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (part: string) => {
      body += part;
    });
    request.on("end", () => void answer(request, body, response));
  });
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const address = listening.address();
  if (address === null || typeof address === "string") throw new Error("no address");
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      listening.closeAllConnections();
      await new Promise((resolve) => listening.close(resolve));
    },
  };
}
