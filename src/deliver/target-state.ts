import type { Clock } from "../core/clock.ts";
import { DeliveryError } from "../core/delivery-errors.ts";
import type { Value } from "../core/value.ts";
import type { Target, TargetCtx } from "../destinations/connector.ts";
import type { RunStore } from "../store/store.ts";
import { backoffMs } from "./backoff.ts";
import { askedToWaitMs, endsRun } from "./http-errors.ts";
import type { DeliverSettings } from "./settings.ts";

/**
 * What `prepare` found or made, once per sync and destination: remembered with the name of what it belongs to, so that a sync
 * that was pointed at another list prepares that one.
 */
export async function preparedState<A, O>(parts: {
  readonly target: Target<A, O>;
  readonly ctx: TargetCtx<A, O>;
  readonly store: RunStore;
  readonly sync: string;
  /** Connector, account key and object. */
  readonly boundTo: string;
  readonly again: (call: () => Promise<Value>) => Promise<Value>;
}): Promise<Value> {
  const { target, store, sync, boundTo } = parts;
  if (target.prepare === undefined) return null;
  const known = stateFor(await store.targetState(sync), boundTo);
  if (known !== null) return known;
  const state = await parts.again(async () => (await target.prepare?.(parts.ctx)) ?? null);
  if (state !== null) await store.saveTargetState(sync, { boundTo, state });
  return state;
}

function stateFor(stored: Value, boundTo: string): Value {
  if (stored === null || typeof stored !== "object" || !("boundTo" in stored)) return null;
  return stored.boundTo === boundTo ? (stored.state ?? null) : null;
}

/** Calls something that may run twice until it succeeds, as often as a batch would be tried. Throws the last error. */
export async function withRetries<T>(
  call: () => Promise<T>,
  parts: {
    readonly settings: DeliverSettings;
    readonly clock: Clock;
    readonly random: () => number;
    readonly stop: AbortSignal;
  },
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      const final = !(error instanceof DeliveryError) || error.retry !== "later" || endsRun(error);
      const askedMs = askedToWaitMs(error);
      if (final || tries >= parts.settings.maxAttempts || (askedMs ?? 0) > parts.settings.maxWaitMs) throw error;
      await parts.clock.sleep(backoffMs(tries, parts.settings, parts.random, askedMs), parts.stop);
    }
  }
}
