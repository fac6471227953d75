import type { Clock } from "../core/clock.ts";
import { Interrupted } from "../core/errors.ts";
import type { Plan } from "../core/plan.ts";
import type { RunCounts, RunRecord } from "../core/run.ts";
import type { SyncConfig } from "../core/sync.ts";
import type { Target, TargetSync } from "../destinations/connector.ts";
import type { Lease, RunStore } from "../store/store.ts";
import type { OpenAccount } from "./accounts.ts";
import { createCircuit } from "./circuit.ts";
import { batchRange, cutLimits } from "./cut.ts";
import type { Delivery } from "./delivery.ts";
import { Feed } from "./feed.ts";
import { Journal } from "./journal.ts";
import { Loop } from "./loop.ts";
import type { ChangeSource } from "./planned-change.ts";
import { type Progress, progressMeter } from "./progress.ts";
import { Queue } from "./queue.ts";
import { wholeRange } from "./results.ts";
import { restore } from "./resume.ts";
import { createSender, targetCtx } from "./sender.ts";
import { type DeliverSettings, defaultDeliverSettings } from "./settings.ts";
import { preparedState, withRetries } from "./target-state.ts";
import { reasonOf } from "./verdict.ts";
import { keepYoungGenerationSmall } from "./young-generation.ts";

export interface DeliverInput<A, O> {
  readonly run: { readonly id: string; readonly config: SyncConfig; readonly plan: Plan };
  readonly account: OpenAccount<A>;
  readonly target: Target<A, O>;
  /** `to:` without account and target, as the target's schema read it. */
  readonly options: O;
  readonly store: RunStore;
  /** Held, and renewed, by the caller. */
  readonly lease: Lease;
  readonly changes: ChangeSource;
  readonly clock: Clock;
  /** 0 ≤ n < 1; for jitter. */
  readonly random?: () => number;
  /** A stop that a person asked for: what is under way gets `graceMs` to be answered. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  readonly settings?: Partial<DeliverSettings>;
}

export type Delivered =
  | { readonly ended: "complete" }
  /** Nothing more could be sent; every row has its result all the same. Code, message and hint are free of personal data. */
  | { readonly ended: "failed"; readonly error: NonNullable<RunRecord["error"]> };

/**
 * Delivers a frozen plan, from its beginning or from where a crash left it: removals first, all of them, then the rest.
 * When it resolves, every row of the plan has exactly one result in the control store.
 * Throws Interrupted after a stop, and whatever broke store, plan table or `finish`; the run can be resumed then.
 */
export async function deliver<A, O>(input: DeliverInput<A, O>): Promise<Delivered> {
  const { run, account, target, options, store, lease, clock } = input;
  if (run.plan.total === 0) return { ended: "complete" };
  keepYoungGenerationSmall();
  const settings = { ...defaultDeliverSettings, ...input.settings };
  const random = input.random ?? Math.random;
  const stop = input.signal;
  throwIfStopped(stop);

  const { removes, total } = run.plan;
  const sync = targetSync(run.id, run.config, run.plan);
  const shape = target.shape(options, sync);
  const limits = cutLimits(shape, run.config.batch, removes);
  const counts = await store.counts(run.id);
  const progress = progressMeter({
    total,
    already: counts.planned,
    limiter: account.limiter,
    clock,
    report: input.onProgress,
  });
  const hard = new AbortController();
  let loop: Loop | null = null;
  const journal = new Journal(store, run.id, lease, () => loop?.notify());
  const queue = new Queue(removes);
  const circuit = createCircuit(settings, counts.delivered + counts.accepted);
  const restored = await restore({ store, runId: run.id, journal, queue, resend: shape.resend, clock, progress });
  const feed = new Feed({
    changes: input.changes,
    runId: run.id,
    limits,
    fromSeq: restored.uncut,
    total,
    pageRows: settings.pageRows,
  });

  const shared = { account, target, options, sync, stop, hard: hard.signal, onRequest: progress.request };
  const again = <T>(call: () => Promise<T>) => withRetries(call, { settings, clock, random, stop });
  const boundTo = `${account.connector.id} ${account.key} ${target.object(options)}`;

  const state = await preparedState({
    target,
    ctx: targetCtx({ ...shared, state: null }),
    store,
    sync: sync.name,
    boundTo,
    again,
  }).catch((error: unknown) => {
    throwIfStopped(stop);
    circuit.halt(error);
    return null;
  });

  const d: Delivery = {
    runId: run.id,
    connectorId: account.connector.id,
    resend: shape.resend,
    limits,
    // A row left out would leave a snapshot unpublished for ever; a part of one huge row is only a large part.
    maxRowBytes:
      shape.contents === "snapshot" ? Number.POSITIVE_INFINITY : (shape.batch.maxBytes ?? Number.POSITIVE_INFINITY),
    settings,
    changes: input.changes,
    clock,
    random,
    sender: createSender({ ...shared, state, removes, journal, clock }),
    journal,
    queue,
    circuit,
    progress,
    stopping: () => stop.aborted || hard.signal.aborted,
  };
  loop = new Loop(d, feed, account.limiter);
  const onStop = () => loop?.notify();
  stop.addEventListener("abort", onStop, { once: true });
  const failure = await loop.run().finally(() => stop.removeEventListener("abort", onStop));

  if (journal.failed) hard.abort(new Error("the control store failed"));
  await ended(loop.underWay, hard, clock, settings.graceMs);
  await journal.settled();
  if (failure !== null) throw failure.error;
  throwIfStopped(stop);
  if (circuit.open) {
    writeOff(d, feed, total);
    await journal.settled();
    progress.finish();
    return { ended: "failed", error: reasonOf(circuit.error) };
  }
  if (shape.contents === "snapshot" && isIncomplete(await store.counts(run.id))) {
    progress.finish();
    return { ended: "failed", error: snapshotIncomplete };
  }
  if (target.finish !== undefined) {
    await again(async () => target.finish?.(targetCtx({ ...shared, state }))).catch((error: unknown) => {
      throwIfStopped(stop);
      throw error;
    });
  }
  progress.finish();
  return { ended: "complete" };
}

/** A snapshot that lacks rows must never look like one they left, so it is not published. */
const isIncomplete = ({ retry, unknown }: RunCounts): boolean => retry + unknown > 0;

const snapshotIncomplete = {
  code: "SNAPSHOT_INCOMPLETE",
  message: "some rows could not be written, so the snapshot was not published; the one before stands",
  hint: "`millrace rejects` and the run's results say which rows; the next run writes all of them again.",
};

/** Every row that was not tried waits for the next run, in as few ranges as can be. */
function writeOff(d: Delivery, feed: Feed, total: number): void {
  const { code, message } = reasonOf(d.circuit.error);
  const fate = { status: "retry", code, message } as const;
  const regions = [
    { from: feed.uncut, to: Math.min(d.limits.removes, total) },
    { from: Math.max(feed.uncut, d.limits.removes + 1), to: total },
  ];
  const uncut = regions.filter(({ from, to }) => from <= to).map(({ from, to }) => batchRange(d.runId, from, to));
  if (uncut.length > 0) void d.journal.cut(uncut);
  for (const work of [...d.queue.waiting, ...uncut.map((range) => ({ ...range, attempt: 0 }))]) {
    void d.journal.returned(work.id, [wholeRange(work, work.attempt, fate)]);
    d.progress.rows(work.toSeq - work.fromSeq + 1);
  }
}

/** What is under way gets `graceMs` to end by itself, and a little to notice that it was broken off. */
async function ended(
  underWay: ReadonlySet<Promise<void>>,
  hard: AbortController,
  clock: Clock,
  graceMs: number,
): Promise<void> {
  const over = new AbortController();
  const all = Promise.allSettled(underWay);
  const wait = (ms: number) => clock.sleep(ms, over.signal).catch(() => undefined);
  if (underWay.size === 0) return;
  if (!hard.signal.aborted) await Promise.race([all, wait(graceMs)]);
  hard.abort(new Error("stopped"));
  await Promise.race([all, wait(1_500)]);
  over.abort(new Error("no longer needed"));
}

function throwIfStopped(stop: AbortSignal): void {
  if (!stop.aborted) return;
  throw new Interrupted("the delivery was stopped; what was sent is recorded", {
    hint: "`millrace resume` finishes it.",
    cause: stop.reason,
  });
}

/** What a target may know of the sync and its run. */
export function targetSync(
  runId: string,
  config: SyncConfig,
  plan: Pick<Plan, "total" | "removes" | "createdAt">,
): TargetSync {
  const fields = Object.entries(config.fields);
  return {
    name: config.name,
    runId,
    mode: config.mode,
    match: Object.keys(config.match),
    fields: fields.map(([name]) => name),
    onlyIfEmpty: fields.filter(([, rule]) => rule.onlyIfEmpty).map(([name]) => name),
    plannedRows: plan.total,
    removes: plan.removes,
    createdAt: plan.createdAt,
  };
}
