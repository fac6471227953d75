import type { Clock } from "../core/clock.ts";
import type { Schedule } from "../core/sync.ts";
import { type Ticks, ticksOf } from "./ticks.ts";

/** Longest sleep: a machine that was suspended, or whose clock was set, is noticed this soon. */
const LONGEST_SLEEP_MS = 30_000;
/** A tick found later than this was missed, not merely a little late. */
const LATE_MS = 60_000;
/** Ticks this close are one batch, so that their syncs share one build. */
const TOGETHER_MS = 3_000;

/** What the scheduler needs of the control store. */
export interface TickStore {
  lastTick(sync: string): Promise<Date | null>;
  saveTick(sync: string, due: Date): Promise<void>;
}

export interface DueBatch {
  /** true: build the models first, once for all; false: a build that just ended is why these are due. */
  readonly build: boolean;
  /** Aborts when the scheduler is told to abort. */
  readonly signal: AbortSignal;
  /** Frees one sync for its next tick before the whole batch has ended. */
  finished(sync: string): void;
}

export interface SchedulerOptions {
  readonly clock: Clock;
  readonly syncs: readonly { readonly name: string; readonly schedule: Schedule }[];
  readonly store: TickStore;
  /** Runs the syncs that are due together; `due` is the latest of their ticks. A rejection is told to `onError`; their next tick runs again. */
  onDue(syncs: readonly string[], due: Date, batch: DueBatch): Promise<void>;
  onError(error: unknown, syncs: readonly string[]): void;
  readonly togetherMs?: number;
}

export interface Scheduler {
  /** Reads the last ticks, then runs until stopped. Ticks missed while no process ran are caught up once, or skipped, as each schedule says. */
  start(): Promise<void>;
  /** A build ended well at `at`: the schedules `after: build` are due. */
  built(at: Date): void;
  /** The next tick of each timed sync, for status pages. */
  upcoming(): readonly { readonly sync: string; readonly at: Date }[];
  /** Starts nothing more and waits for what runs. */
  stop(): Promise<void>;
  /** The same, but what runs is told to end now. */
  abort(reason: Error): Promise<void>;
}

interface Entry {
  readonly name: string;
  readonly schedule: Schedule;
  readonly ticks: Ticks;
  next: Date | null;
  /** A tick that came and was not begun: the newest one, however many came while the sync was running. */
  waiting: { readonly due: Date; readonly build: boolean } | null;
  running: boolean;
}

/**
 * Fires schedules by the injected clock. A sync never overlaps itself. A tick is remembered as done when its sync has ended, so a
 * crash in between makes it a missed one. Makes no promise across processes: leases do that.
 */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const { clock, store } = options;
  const togetherMs = options.togetherMs ?? TOGETHER_MS;
  const entries = options.syncs.map(
    ({ name, schedule }): Entry => ({
      name,
      schedule,
      ticks: ticksOf(schedule),
      next: null,
      waiting: null,
      running: false,
    }),
  );
  const running = new Set<Promise<void>>();
  const ending = new AbortController();
  let stopped = false;
  let collectUntil: number | null = null;
  let nap = new AbortController();
  let loop: Promise<void> | null = null;

  const wake = (): void => nap.abort();

  async function readTicks(): Promise<void> {
    const now = clock.now();
    for (const entry of entries) {
      if (entry.schedule.kind === "after-build") continue;
      const last = await store.lastTick(entry.name);
      // A sync seen for the first time has missed nothing; from now on it can.
      if (last === null) await store.saveTick(entry.name, now);
      entry.next = entry.ticks.next(last ?? now);
    }
  }

  /** Moves ticks that have come into `waiting`; drops missed ones that are to be skipped. */
  async function collect(now: Date): Promise<void> {
    for (const entry of entries) {
      if (entry.next === null || entry.next > now) continue;
      const due = entry.ticks.latest(now) ?? entry.next;
      entry.next = entry.ticks.next(now);
      const missed = now.getTime() - due.getTime() > LATE_MS;
      const skips = entry.schedule.kind !== "after-build" && entry.schedule.catchUp === "skip";
      if (missed && skips) await store.saveTick(entry.name, due);
      else entry.waiting = { due, build: true };
    }
  }

  /** Begins what is ready, once its neighbours had the time to become ready too. */
  function begin(now: Date): void {
    const ready = entries.filter((entry) => entry.waiting !== null && !entry.running);
    if (ready.length === 0) {
      collectUntil = null;
      return;
    }
    collectUntil ??= now.getTime() + togetherMs;
    if (now.getTime() < collectUntil) return;
    collectUntil = null;
    for (const build of [true, false]) {
      const batch = ready.filter((entry) => entry.waiting?.build === build);
      if (batch.length > 0) track(runBatch(batch, build));
    }
  }

  function track(work: Promise<void>): void {
    running.add(work);
    void work.finally(() => running.delete(work));
  }

  async function runBatch(batch: readonly Entry[], build: boolean): Promise<void> {
    const dues = new Map<Entry, Date>();
    for (const entry of batch) {
      if (entry.waiting) dues.set(entry, entry.waiting.due);
      entry.waiting = null;
      entry.running = true;
    }
    const names = batch.map((entry) => entry.name);
    const latest = new Date(Math.max(...[...dues.values()].map((due) => due.getTime())));
    const saves: Promise<void>[] = [];

    const finish = (entry: Entry): void => {
      const due = dues.get(entry);
      if (due === undefined) return;
      dues.delete(entry);
      // What was aborted is due again at the next start.
      if (!ending.signal.aborted && entry.schedule.kind !== "after-build") saves.push(store.saveTick(entry.name, due));
      entry.running = false;
      wake();
    };
    const finished = (name: string): void => {
      const entry = batch.find((one) => one.name === name);
      if (entry) finish(entry);
    };

    try {
      await options.onDue(names, latest, { build, signal: ending.signal, finished });
    } catch (error) {
      options.onError(error, names);
    }
    for (const entry of batch) finish(entry);
    for (const save of await Promise.allSettled(saves)) {
      if (save.status === "rejected") options.onError(save.reason, names);
    }
  }

  async function rest(): Promise<void> {
    const instants = entries.flatMap((entry) => (entry.next === null ? [] : [entry.next.getTime()]));
    if (collectUntil !== null) instants.push(collectUntil);
    const ms = Math.min(LONGEST_SLEEP_MS, ...instants.map((instant) => instant - clock.now().getTime()));
    // Woken early or not, the next turn looks at everything anew.
    if (ms > 0) await clock.sleep(ms, nap.signal).catch(() => undefined);
  }

  async function run(): Promise<void> {
    while (!stopped) {
      nap = new AbortController();
      try {
        await collect(clock.now());
      } catch (error) {
        options.onError(error, []);
      }
      if (stopped) return;
      begin(clock.now());
      await rest();
    }
  }

  async function stop(): Promise<void> {
    stopped = true;
    wake();
    await loop;
    await Promise.allSettled(running);
  }

  return {
    async start() {
      await readTicks();
      loop = run();
    },
    built(at) {
      for (const entry of entries) {
        if (entry.schedule.kind === "after-build") entry.waiting = { due: at, build: false };
      }
      wake();
    },
    upcoming: () => entries.flatMap(({ name, next }) => (next === null ? [] : [{ sync: name, at: next }])),
    stop,
    abort(reason) {
      ending.abort(reason);
      return stop();
    },
  };
}
