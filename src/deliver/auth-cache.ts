import { Interrupted } from "../core/errors.ts";
import type { Authentication } from "../destinations/connector.ts";

/** One account's authentication, got once however many requests want it at the same time, and once more when it went stale. */
export class AuthCache {
  #current: Promise<Authentication> | null = null;

  async get(authenticate: () => Promise<Authentication>, signal: AbortSignal): Promise<Authentication> {
    const shared = this.#current;
    if (shared === null) return this.#start(authenticate);
    try {
      return await shared;
    } catch (error) {
      // Another run asked first and was stopped: that is no reason for this one to fail.
      if (error instanceof Interrupted && !signal.aborted) return this.get(authenticate, signal);
      throw error;
    }
  }

  /** Forgets `stale`, unless somebody else has renewed it already. */
  async renew(
    stale: Authentication,
    authenticate: () => Promise<Authentication>,
    signal: AbortSignal,
  ): Promise<Authentication> {
    const shared = this.#current;
    if (shared !== null && (await shared.catch(() => stale)) === stale && this.#current === shared) {
      this.#current = null;
    }
    return this.get(authenticate, signal);
  }

  async #start(authenticate: () => Promise<Authentication>): Promise<Authentication> {
    const started = authenticate();
    this.#current = started;
    try {
      return await started;
    } catch (error) {
      if (this.#current === started) this.#current = null;
      throw error;
    }
  }
}
