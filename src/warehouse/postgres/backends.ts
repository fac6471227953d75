import { createHash } from "node:crypto";
import type { ClientConfig, Pool, PoolClient } from "pg";
import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { WarehouseBusy, WarehouseFailed } from "../../core/errors.ts";
import { isConnectionLoss, mapError } from "./errors.ts";

/** One connection of the server, taken for a session. */
export interface Backend {
  readonly client: PoolClient;
  /** false: the connection broke, or must not serve anybody else. */
  healthy(): boolean;
  /** Asks the server, over another connection, to end what this one runs. */
  cancel(): Promise<void>;
  /** Gives it back; `spoilt` closes it, which frees its locks and temporary tables as well. */
  release(spoilt: boolean): Promise<void>;
}

export interface BackendsOptions {
  readonly config: ClientConfig;
  /** For messages. */
  readonly place: string;
  /** Millrace's own schema: writers of one schema take turns. */
  readonly schema: string;
  readonly clock: Clock;
  readonly waitMs: number;
  readonly statementTimeoutMs?: number;
  readonly workMem?: string;
}

const CONNECTIONS = 8;
const OLDEST_VERSION = 140_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** A server that starts, or has no connection left, may have one soon. */
const WORTH_WAITING = new Set(["53300", "57P03"]);

const facts = z.object({ pid: z.coerce.number(), version: z.coerce.number(), encoding: z.string() });

/** What every connection agrees on, whatever the role, the database or the server say otherwise. */
function settings({ statementTimeoutMs = 0, workMem }: BackendsOptions): string {
  const wanted: Readonly<Record<string, string>> = {
    timezone: "UTC",
    datestyle: "ISO, MDY",
    intervalstyle: "postgres",
    bytea_output: "hex",
    extra_float_digits: "1",
    standard_conforming_strings: "on",
    // Compiling an expression over fifty columns takes longer than evaluating it for a million rows.
    jit: "off",
    // Whole tables are joined here, by keys. The planner takes key and match for independent and expects one row where a
    // million come: a nested loop then never ends. Where only a loop can do it, it still does.
    enable_nestloop: "off",
    // A laptop that falls asleep must not hold the tables.
    idle_in_transaction_session_timeout: "10min",
    statement_timeout: String(statementTimeoutMs),
    ...(workMem === undefined ? {} : { work_mem: workMem }),
  };
  return Object.entries(wanted)
    .map(([name, value]) => `set ${name} = '${value.replaceAll("'", "''")}'`)
    .join("; ");
}

/** Advisory locks are numbers: this one stands for the schema's writers. */
const lockKey = (schema: string): bigint =>
  createHash("sha256").update(`millrace writer ${schema}`).digest().readBigInt64BE();

/** The pooled connections of one warehouse, made ready for sessions. */
export class Backends {
  readonly #options: BackendsOptions;
  readonly #pids = new WeakMap<PoolClient, number>();
  #pool: Promise<Pool> | null = null;

  constructor(options: BackendsOptions) {
    this.#options = options;
  }

  /** A connection for reading, or for writing with the schema's writer lock. WarehouseBusy names who has it. */
  async take(access: "read" | "write", signal?: AbortSignal): Promise<Backend> {
    for (;;) {
      const client = await this.#connect(signal);
      const known = this.#pids.has(client);
      const backend = this.#backend(client, access);
      const onAbort = () => void backend.cancel();
      signal?.addEventListener("abort", onAbort, { once: true });
      try {
        if (!known) await this.#prepare(client);
        await client.query(access === "read" ? "set default_transaction_read_only = on" : this.#lockStatement());
        return backend;
      } catch (cause) {
        const busy = access === "write" && Reflect.get(Object(cause), "code") === "55P03" ? await this.#busy() : null;
        await backend.release(true);
        // A connection that died while it lay idle: nothing was asked of it yet.
        if (known && isConnectionLoss(cause) && signal?.aborted !== true) continue;
        throw busy ?? mapError(cause, this.#options.place);
      } finally {
        signal?.removeEventListener("abort", onAbort);
      }
    }
  }

  async close(): Promise<void> {
    const pool = await this.#pool?.catch(() => null);
    this.#pool = null;
    await pool?.end();
  }

  async #open(): Promise<Pool> {
    const { Pool } = (await import("pg")).default;
    const pool = new Pool({
      ...this.#options.config,
      max: CONNECTIONS,
      idleTimeoutMillis: 30_000,
      allowExitOnIdle: true,
    });
    // An idle connection that dies is replaced by the next session; without a listener it would end the process.
    pool.on("error", () => undefined);
    return pool;
  }

  async #connect(signal?: AbortSignal): Promise<PoolClient> {
    const { clock, waitMs, place } = this.#options;
    this.#pool ??= this.#open();
    const pool = await this.#pool;
    const until = clock.now().getTime() + waitMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      signal?.throwIfAborted();
      try {
        return await pool.connect();
      } catch (cause) {
        const leftMs = until - clock.now().getTime();
        if (leftMs <= 0 || !WORTH_WAITING.has(String(Reflect.get(Object(cause), "code")))) throw mapError(cause, place);
        await clock.sleep(Math.min(pauseMs, leftMs), signal);
      }
    }
  }

  async #prepare(client: PoolClient): Promise<void> {
    await client.query(settings(this.#options));
    // Without it a statement goes on for hours after its program was killed, and keeps the lock. Not every system has it.
    await client.query("set client_connection_check_interval = '5s'").catch(() => undefined);
    const { rows } = await client.query(
      "select pg_backend_pid() as pid, current_setting('server_version_num') as version, current_setting('server_encoding') as encoding",
    );
    const { pid, version, encoding } = facts.parse(rows[0]);
    if (version < OLDEST_VERSION || encoding !== "UTF8") {
      throw new WarehouseFailed(
        `Postgres at ${this.#options.place} has version ${Math.floor(version / 10_000)} and encoding ${encoding}.`,
        { hint: "Millrace needs version 14 or later and a database in UTF8." },
      );
    }
    this.#pids.set(client, pid);
  }

  /** One round trip; the lock outlives the transaction, its time limit does not. */
  #lockStatement(): string {
    return `begin; set local lock_timeout = ${this.#options.waitMs}; set local statement_timeout = 0;
      select pg_advisory_lock(${lockKey(this.#options.schema)}); commit; set default_transaction_read_only = off`;
  }

  #backend(client: PoolClient, access: "read" | "write"): Backend {
    let healthy = true;
    let released = false;
    // The connection's own end is told by the statement that was under way.
    const onError = () => {
      healthy = false;
    };
    client.on("error", onError);
    return {
      client,
      healthy: () => healthy,
      cancel: () => this.#cancel(this.#pids.get(client)),
      release: async (spoilt) => {
        if (released) return;
        released = true;
        let reusable = healthy && !spoilt;
        if (reusable && access === "write") {
          reusable = await client.query("discard temp; select pg_advisory_unlock_all()").then(
            () => true,
            () => false,
          );
        }
        client.off("error", onError);
        client.release(!reusable);
      },
    };
  }

  async #cancel(pid: number | undefined): Promise<void> {
    if (pid === undefined) return;
    await this.#aside(async (query) => {
      await query("select pg_cancel_backend($1)", [pid]);
    }).catch(() => undefined);
  }

  async #busy(): Promise<WarehouseBusy> {
    const { place, schema, waitMs } = this.#options;
    const holder = await this.#aside((query) => this.#holder(query)).catch(() => null);
    return new WarehouseBusy(
      `Schema ${schema} of Postgres at ${place} is being written by ${holder ?? "another session"}; gave up after ${Math.round(waitMs / 1000)} s.`,
      {
        hint: "Wait until that run has finished, or end it.",
        context: { schema, ...(holder === null ? {} : { holder }) },
      },
    );
  }

  async #holder(query: Query): Promise<string | null> {
    const rows = await query(
      `select concat_ws(' ', a.application_name, 'of', a.usename, 'from', coalesce(host(a.client_addr), 'the server itself'), '(process ' || a.pid || ')') as holder
         from pg_locks l join pg_stat_activity a on a.pid = l.pid
        where l.locktype = 'advisory' and l.granted and l.objsubid = 1
          and (cast(l.classid as bigint) << 32) | cast(l.objid as bigint) = $1
          and l.database = (select oid from pg_database where datname = current_database())`,
      [String(lockKey(this.#options.schema))],
    );
    return z.object({ holder: z.string() }).safeParse(rows[0]).data?.holder ?? null;
  }

  /** A connection besides the pool, whose own may all be taken. */
  async #aside<T>(work: (query: Query) => Promise<T>): Promise<T> {
    const { Client } = (await import("pg")).default;
    const client = new Client(this.#options.config);
    client.on("error", () => undefined);
    await client.connect();
    try {
      return await work(async (text, values) => (await client.query(text, [...values])).rows);
    } finally {
      await client.end();
    }
  }
}

type Query = (text: string, values: readonly (string | number)[]) => Promise<readonly unknown[]>;
