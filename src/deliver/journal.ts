import type { JobHandle, ResultRange } from "../core/result.ts";
import type { Lease, RunStore } from "../store/store.ts";
import type { BatchRange } from "./cut.ts";

/**
 * The run's writes to the control store. None is forgotten: the first that fails is kept, told to `onFailure` and thrown by
 * `settled`. Callers await only what must be on disk before they go on, so that the rest shares commits.
 */
export class Journal {
  readonly #store: RunStore;
  readonly #runId: string;
  readonly #lease: Lease;
  readonly #onFailure: () => void;
  readonly #open = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | null = null;

  constructor(store: RunStore, runId: string, lease: Lease, onFailure: () => void) {
    this.#store = store;
    this.#runId = runId;
    this.#lease = lease;
    this.#onFailure = onFailure;
  }

  get failed(): boolean {
    return this.#failure !== null;
  }

  cut(batches: readonly BatchRange[]): Promise<void> {
    return this.#track(this.#store.cut(this.#runId, batches, this.#lease));
  }

  split(batchId: string, parts: readonly BatchRange[]): Promise<void> {
    return this.#track(this.#store.split(this.#runId, batchId, parts, this.#lease));
  }

  sending(batchId: string, attempt: number): Promise<void> {
    return this.#track(this.#store.sending(this.#runId, batchId, attempt, this.#lease));
  }

  pending(batchId: string, job: JobHandle, nextAt: Date): Promise<void> {
    return this.#track(this.#store.pending(this.#runId, batchId, job, nextAt, this.#lease));
  }

  retryAt(batchId: string, nextAt: Date): Promise<void> {
    return this.#track(this.#store.retryAt(this.#runId, batchId, nextAt, this.#lease));
  }

  returned(batchId: string, results: readonly ResultRange[]): Promise<void> {
    return this.#track(this.#store.returned(this.#runId, batchId, results, this.#lease));
  }

  /** Resolves when every write is on disk; throws the first failure. */
  async settled(): Promise<void> {
    while (this.#open.size > 0) await Promise.allSettled(this.#open);
    if (this.#failure !== null) throw this.#failure.error;
  }

  #track(write: Promise<void>): Promise<void> {
    this.#open.add(write);
    write.then(
      () => this.#open.delete(write),
      (error: unknown) => {
        this.#open.delete(write);
        this.#failure ??= { error };
        this.#onFailure();
      },
    );
    return write;
  }
}
