import { createHash } from "node:crypto";
import type { Change, Op } from "../../src/core/change.ts";
import type { Clock } from "../../src/core/clock.ts";
import { BatchRefused } from "../../src/core/delivery-errors.ts";
import type { BatchResult, JobHandle, RowFate, RowResult } from "../../src/core/result.ts";
import type { Mode } from "../../src/core/sync.ts";
import type { Row, Value } from "../../src/core/value.ts";
import { Accounts } from "../../src/deliver/accounts.ts";
import { scrub } from "../../src/deliver/scrub.ts";
import type {
  AccountCtx,
  Batch,
  Connector,
  DiscoveredField,
  Target,
  TargetSync,
} from "../../src/destinations/connector.ts";

/** One record as a fixture makes it: destination names, without seq and op. */
export interface ContractRow {
  readonly key: string;
  readonly match: Row;
  readonly fields: Row;
  /** The identifiers last delivered, where the change moves the record to those of `match`. */
  readonly movedFrom?: Row;
}

export interface RunOptions {
  readonly mode?: Mode;
  readonly onlyIfEmpty?: readonly string[];
}

export interface ContractRun {
  readonly sync: TargetSync;
  readonly work: Work[];
  readonly fates: Map<number, RowFate>;
  readonly changes: readonly Change[];
  /** The seq of each wanted change, in the order they were given. */
  readonly wantedSeqs: readonly number[];
  /** What was sent to the connector as `send`, in order; a second entry for one batch is a second attempt. */
  readonly sends: Batch[];
  readonly checkpoints: JobHandle[];
}

interface Work {
  readonly changes: readonly Change[];
  attempt: number;
  job: JobHandle | null;
}

/**
 * The smallest engine that keeps the seam's promises: cuts batches by shape, polls jobs, bisects refused batches,
 * polls instead of sending again where a job was recorded, sends kept rows to snapshot targets, and checks that
 * every change got exactly one result. Everything thrown by a connector surfaces, and `send` again continues the run.
 */
export interface Driver {
  readonly ctx: AccountCtx<unknown>;
  /** Requests sent so far, token requests included. */
  requests(): number;
  plan(changes: readonly (ContractRow & { readonly op: Op })[], options?: RunOptions): ContractRun;
  /** Fates in the order in which the changes were given to `plan`. */
  send(run: ContractRun): Promise<RowFate[]>;
  deliver(changes: readonly (ContractRow & { readonly op: Op })[], options?: RunOptions): Promise<RowFate[]>;
  finish(run: ContractRun): Promise<void>;
  /** What the platform says of the target's fields; none where it cannot be asked. */
  discover(): Promise<readonly DiscoveredField[]>;
  close(): Promise<void>;
}

export interface DriverParts {
  readonly connector: Connector;
  readonly account: unknown;
  readonly target: string;
  readonly options: unknown;
  readonly mode: Mode;
  readonly clock: Clock;
  readonly secrets: readonly string[];
  /** Of the HTTP client, in real time. */
  readonly timeoutMs?: number | undefined;
}

/** Time that moves only when somebody sleeps; a sleep takes a few real milliseconds, so that peers can get on with their work. */
export function testClock(start = new Date("2026-03-02T09:00:00Z")): Clock {
  let nowMs = start.getTime();
  return {
    now: () => new Date(nowMs),
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      // First, so that what is on its way arrives at the time at which it was sent.
      await new Promise((resolve) => setTimeout(resolve, Math.min(ms, 5)));
      nowMs += ms;
    },
  };
}

const maxPolls = 500;

/** A busy machine under coverage takes ten seconds to read 10 MB of CSV. */
const patienceMs = 60_000;

export function createDriver(parts: DriverParts): Driver {
  const target: Target = requireTarget(parts.connector, parts.target);
  const account: unknown = parts.connector.account.parse(parts.account);
  const options: unknown = target.options.parse(parts.options);
  const held = new Map<string, ContractRow & { externalId?: string }>();
  const accounts = new Accounts({ clock: parts.clock, http: { timeoutMs: parts.timeoutMs ?? patienceMs } });
  let requests = 0;
  let runs = 0;
  let state: Value | undefined;
  const ctx = accounts.open(parts.connector, account, parts.secrets).ctx({
    signal: new AbortController().signal,
    onRequest() {
      requests += 1;
    },
  });
  const targetCtx = async (run: ContractRun) => {
    const base = {
      ...ctx,
      options,
      sync: run.sync,
      checkpoint: async (job: JobHandle) => void run.checkpoints.push(job),
    };
    if (state === undefined) state = (await target.prepare?.({ ...base, state: null })) ?? null;
    return { ...base, state };
  };

  const toBatch = (run: ContractRun, work: Work): Batch => {
    const fromSeq = work.changes[0]?.seq ?? 0;
    const toSeq = work.changes.at(-1)?.seq ?? 0;
    const id = createHash("sha256").update(`${run.sync.runId}:${fromSeq}-${toSeq}`).digest("hex");
    return {
      id,
      fromSeq,
      toSeq,
      changes: work.changes,
      writes: writesOf(run.sync.mode),
      attempt: work.attempt,
      idempotencyKey: id,
    };
  };

  async function attempt(run: ContractRun, work: Work): Promise<readonly RowResult[]> {
    const context = await targetCtx(run);
    const before = run.checkpoints.length;
    let result: BatchResult;
    if (work.job === null) {
      work.attempt += 1;
      const batch = toBatch(run, work);
      run.sends.push(batch);
      try {
        result = await target.send(batch, context);
      } catch (error) {
        // A crash or error after a checkpoint leaves a job on record: the next try must poll it.
        work.job = run.checkpoints.slice(before).at(-1) ?? null;
        throw error;
      }
    } else {
      result = await pollOnce(run, work, work.job);
    }
    for (let polls = 0; result.state !== "done"; polls++) {
      if (polls > maxPolls) throw new Error(`the job was not done after ${maxPolls} polls`);
      if (result.state === "lost") {
        work.job = null;
        if (work.attempt > 3) throw new Error("the job was lost again and again");
        return attempt(run, work);
      }
      work.job = result.job;
      await parts.clock.sleep(result.pollAfterMs);
      result = await pollOnce(run, work, result.job);
    }
    assertOnePerChange(work.changes, result.rows);
    const changes = new Map(work.changes.map((change) => [change.seq, change]));
    return result.rows.map((row) => cleaned(row, changes.get(row.seq)));
  }

  async function pollOnce(run: ContractRun, work: Work, job: JobHandle): Promise<BatchResult> {
    if (target.poll === undefined) throw new Error("a target that answers pending needs poll()");
    const durable = JSON.parse(JSON.stringify(job)) as JobHandle;
    return target.poll(durable, toBatch(run, work), await targetCtx(run));
  }

  async function sendWork(run: ContractRun, work: Work): Promise<readonly RowResult[]> {
    try {
      return await attempt(run, work);
    } catch (error) {
      if (!(error instanceof BatchRefused)) throw error;
      const [only] = work.changes;
      if (work.changes.length === 1 && only !== undefined) {
        return [{ seq: only.seq, status: "rejected", code: error.reason, message: error.message }];
      }
      const middle = Math.ceil(work.changes.length / 2);
      const left = await sendWork(run, { changes: work.changes.slice(0, middle), attempt: 0, job: null });
      const right = await sendWork(run, { changes: work.changes.slice(middle), attempt: 0, job: null });
      return [...left, ...right];
    }
  }

  const driver: Driver = {
    ctx,
    requests: () => requests,
    plan(wanted, runOptions = {}) {
      runs += 1;
      const mode = runOptions.mode ?? parts.mode;
      const sample = wanted.find((row) => row.op !== "remove") ?? wanted[0] ?? held.values().next().value;
      const base = {
        name: "contract",
        runId: `run-${runs}`,
        mode,
        match: Object.keys(sample?.match ?? {}),
        fields: Object.keys(sample?.fields ?? {}),
        onlyIfEmpty: runOptions.onlyIfEmpty ?? [],
        createdAt: parts.clock.now(),
      };
      const snapshot =
        target.shape(options, { ...base, plannedRows: wanted.length, removes: 0 }).contents === "snapshot";
      const keep = snapshot ? [...held.values()].filter((row) => !wanted.some((w) => w.key === row.key)) : [];
      const removes = wanted.filter((row) => row.op === "remove");
      const writes = wanted.filter((row) => row.op !== "remove");
      const ordered: (ContractRow & { readonly op: Op })[] = [
        ...removes,
        ...writes,
        ...keep.map((row) => ({ ...row, op: "update" as Op })),
      ];
      const changes = ordered.map((row, i): Change => {
        const externalId = held.get(row.key)?.externalId;
        return {
          seq: i + 1,
          op: row.op,
          key: row.key,
          match: row.match,
          fields: row.fields,
          ...(externalId === undefined ? {} : { externalId }),
          ...(row.movedFrom === undefined ? {} : { movedFrom: row.movedFrom }),
        };
      });
      const wantedSeqs = wanted.map((row) => ordered.indexOf(row) + 1);
      const sync: TargetSync = { ...base, plannedRows: changes.length, removes: removes.length };
      const shape = target.shape(options, sync);
      const work = cut(changes, shape.batch.maxRows, shape.batch.mixedOps).map(
        (part): Work => ({ changes: part, attempt: 0, job: null }),
      );
      return { sync, work, changes, wantedSeqs, fates: new Map(), sends: [], checkpoints: [] };
    },
    async send(run) {
      while (run.work.length > 0) {
        const [work] = run.work;
        if (work === undefined) break;
        for (const { seq, ...fate } of await sendWork(run, work)) run.fates.set(seq, fate);
        run.work.shift();
      }
      await driver.finish(run);
      for (const change of run.changes) remember(held, change, run.fates.get(change.seq));
      return run.wantedSeqs.flatMap((seq) => run.fates.get(seq) ?? []);
    },
    deliver: (changes, runOptions) => driver.send(driver.plan(changes, runOptions)),
    async finish(run) {
      if (target.finish !== undefined) await target.finish(await targetCtx(run));
    },
    discover: async () => (await target.discover?.(await targetCtx(driver.plan([])))) ?? [],
    close: () => accounts.close(),
  };
  return driver;
}

function requireTarget(connector: Connector, name: string): Target {
  const target = connector.targets[name];
  if (target === undefined) throw new Error(`${connector.id} has no target ${name}`);
  return target;
}

const writesOf = (mode: Mode): Batch["writes"] =>
  mode === "update" ? "update" : mode === "insert" || mode === "append" ? "insert" : "upsert";

function cut(changes: readonly Change[], maxRows: number, mixedOps: boolean): Change[][] {
  const batches: Change[][] = [];
  for (const change of changes) {
    const open = batches.at(-1);
    const last = open?.at(-1);
    const sameKind =
      last !== undefined && (mixedOps ? (last.op === "remove") === (change.op === "remove") : last.op === change.op);
    if (open !== undefined && sameKind && open.length < maxRows) open.push(change);
    else batches.push([change]);
  }
  return batches;
}

/** What platforms say about a row goes through the engine's own scrubbing, as it will in a run. */
function cleaned(row: RowResult, change: Change | undefined): RowResult {
  if (change === undefined || !("message" in row)) return row;
  return { ...row, message: scrub(row.message, change) };
}

function assertOnePerChange(changes: readonly Change[], rows: readonly RowResult[]): void {
  const want = changes.map((change) => change.seq).sort((a, b) => a - b);
  const got = rows.map((row) => row.seq).sort((a, b) => a - b);
  if (JSON.stringify(want) !== JSON.stringify(got)) {
    throw new Error(`exactly one result per change: wanted seq ${want.join(",")}, got ${got.join(",")}`);
  }
}

function remember(
  held: Map<string, ContractRow & { externalId?: string }>,
  change: Change,
  fate: RowFate | undefined,
): void {
  if (fate?.status !== "delivered" && fate?.status !== "accepted") return;
  if (change.op === "remove") return void held.delete(change.key);
  const externalId = fate.externalId ?? change.externalId;
  held.set(change.key, {
    key: change.key,
    match: change.match,
    fields: change.fields,
    ...(externalId === undefined ? {} : { externalId }),
  });
}
