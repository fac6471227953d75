import { createHash } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import type { AccountCtx, Connector } from "../destinations/connector.ts";
import { AuthCache } from "./auth-cache.ts";
import { createHttpClient, type HttpClientOptions, type HttpSettings } from "./http.ts";
import { Limiter } from "./limiter.ts";
import { Sockets } from "./sockets.ts";

/** What one piece of work does with an account; see HttpClientOptions. */
export type AccountUse = Pick<HttpClientOptions<unknown>, "signal" | "stop" | "onRequest" | "onApplied" | "record">;

/** An account as the stages use it: everything that its users in this process share stands behind it. */
export interface OpenAccount<A = unknown> {
  readonly connector: Connector<A>;
  readonly account: A;
  /** Host and organisation, secret-free. */
  readonly key: string;
  readonly limiter: Limiter;
  ctx(use: AccountUse): AccountCtx<A>;
}

interface Shared {
  readonly auth: AuthCache;
  readonly resources: Map<string, Promise<{ readonly value: unknown; close(): Promise<void> }>>;
}

/**
 * The accounts of this process: one limiter per platform organisation, one authentication and one set of connections
 * per set of credentials. Made once, in main; `close` when the work is over.
 */
export class Accounts {
  readonly #clock: Clock;
  readonly #settings: Partial<HttpSettings>;
  readonly #sockets = new Sockets();
  readonly #limiters = new Map<string, Limiter>();
  readonly #shared = new Map<string, Shared>();

  constructor(options: { readonly clock: Clock; readonly http?: Partial<HttpSettings> }) {
    this.#clock = options.clock;
    this.#settings = options.http ?? {};
  }

  /** `secrets`: the account's values marked secret; they appear in no message. */
  open<A>(connector: Connector<A>, account: A, secrets: readonly string[]): OpenAccount<A> {
    const key = connector.accountKey(account);
    const limiter = this.#limiter(`${connector.id} ${key}`, connector, account);
    const shared = this.#sharedBy(`${connector.id} ${key} ${digest(account)}`);
    return {
      connector,
      account,
      key,
      limiter,
      ctx: (use) => ({
        account,
        http: createHttpClient({
          ...use,
          connector,
          account,
          limiter,
          auth: shared.auth,
          sockets: this.#sockets,
          clock: this.#clock,
          secrets,
          settings: this.#settings,
        }),
        clock: this.#clock,
        signal: use.signal,
        resource: (name, open) => resource(shared, name, open),
      }),
    };
  }

  /** Closes connections and resources; the first failure is thrown after all were tried. */
  async close(): Promise<void> {
    this.#sockets.close();
    const open = [...this.#shared.values()].flatMap((shared) => [...shared.resources.values()]);
    this.#shared.clear();
    const closed = await Promise.allSettled(open.map(async (resource) => (await resource).close()));
    for (const one of closed) if (one.status === "rejected") throw one.reason;
  }

  #limiter<A>(name: string, connector: Connector<A>, account: A): Limiter {
    const known = this.#limiters.get(name);
    if (known !== undefined) return known;
    const limiter = new Limiter(connector.limits(account), this.#clock);
    this.#limiters.set(name, limiter);
    return limiter;
  }

  #sharedBy(name: string): Shared {
    const known = this.#shared.get(name);
    if (known !== undefined) return known;
    const shared: Shared = { auth: new AuthCache(), resources: new Map() };
    this.#shared.set(name, shared);
    return shared;
  }
}

async function resource<T>(
  shared: Shared,
  name: string,
  open: () => Promise<{ value: T; close(): Promise<void> }>,
): Promise<T> {
  const known = shared.resources.get(name);
  // The same name is opened by the same connector with the same type: only its own code can ask for it.
  if (known !== undefined) return (await known).value as T;
  const opened = open();
  shared.resources.set(name, opened);
  try {
    return (await opened).value;
  } catch (error) {
    shared.resources.delete(name);
    throw error;
  }
}

/** Two sets of credentials for one organisation sign in separately. Kept in memory only. */
function digest(account: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(account) ?? "")
    .digest("base64url");
}
