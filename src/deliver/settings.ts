export interface DeliverSettings {
  /** Batches under way at once, as far as the account's limits allow. */
  readonly concurrency: number;
  /** Rows read from the frozen plan at a time. */
  readonly pageRows: number;
  /**
   * Rows read ahead of the senders at most; one page or one batch more, where those are larger. Measured with 220-byte rows in
   * batches of 1,000: twice as many cost 60 MB and a tenth of the speed to garbage collection, half as many starved the senders.
   */
  readonly lookAheadRows: number;
  /** Payload bytes held in memory for batches under way, ahead and waiting for another try; one batch more, if it is larger. */
  readonly maxHeldBytes: number;
  /** Tries of one batch before its rows wait for the next run. Being rate limited is no try. */
  readonly maxAttempts: number;
  /** Times that one batch may be rate limited. */
  readonly maxRateLimits: number;
  /** A platform that asks for a longer wait than this ends the run; its rows come with the next one. */
  readonly maxWaitMs: number;
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  /** How long a platform's job may take. */
  readonly jobTimeoutMs: number;
  readonly pollConcurrency: number;
  /** How long requests under way may go on after a stop was asked for. */
  readonly graceMs: number;
  /** Batches given up in a row, without one success between, that end the run. */
  readonly maxGivenUpInRow: number;
  /** Rows refused one by one, with none delivered, that end the run: not the rows are wrong then, but the mapping or the target. */
  readonly maxRefusedAlone: number;
}

export const defaultDeliverSettings: DeliverSettings = {
  concurrency: 8,
  pageRows: 5_000,
  lookAheadRows: 10_000,
  maxHeldBytes: 64 * 1024 * 1024,
  maxAttempts: 6,
  maxRateLimits: 100,
  maxWaitMs: 3_600_000,
  backoffBaseMs: 1_000,
  backoffMaxMs: 60_000,
  jobTimeoutMs: 24 * 3_600_000,
  pollConcurrency: 4,
  graceMs: 7_000,
  maxGivenUpInRow: 3,
  maxRefusedAlone: 50,
};
