import type { Connection } from "snowflake-sdk";
import { ContractError, MillraceError } from "../../core/errors.ts";
import type { Value } from "../../core/value.ts";
import { abortError } from "../abort.ts";
import { parseAnswer } from "../answer.ts";
import type { Dialect, SourceColumn } from "../dialect.ts";
import { begin, commit } from "../script.ts";
import { raw, type Sql } from "../sql.ts";
import type { Session } from "../warehouse.ts";
import { readerFor } from "./cells.ts";
import { columnRow, describeTable } from "./describe.ts";
import { columnsOf, open, type Running, run, runScript } from "./driver.ts";
import { isConnectionLoss, isSessionGone, isSuspended, mapError } from "./errors.ts";
import { parameter, spelledOut } from "./literals.ts";
import { type Loading, type Loads, loadPages } from "./load.ts";
import { ourName } from "./names.ts";
import { effectOf, makesTemporaryTable, schemaToMake } from "./statements.ts";

/** How often a cancellation is repeated: one that arrives before its statement stops nothing. */
const CANCEL_EVERY_MS = 500;

const rollback = raw("rollback");
const ignore = () => undefined;

interface Cells {
  readonly names: readonly string[];
  readonly rows: Value[][];
}

const misuse = (message: string) => new ContractError(message, { hint: "Report this as a defect." });

/** Where a session runs, and how it gets another one while nothing has happened yet. */
export interface Place {
  readonly connection: Connection;
  /** It was used before, so it may have ended while it lay idle. */
  readonly isNew: boolean;
  /** For messages. */
  readonly name: string;
  /** The virtual warehouse, quoted. */
  readonly virtualWarehouse: string;
  readonly loads: Loads;
  reconnect(): Promise<Connection>;
}

export interface SnowflakeSession extends Session {
  readonly connection: Connection;
  /** Waits for what still runs. Resolves to true where the connection must not serve anybody else. */
  end(): Promise<boolean>;
}

/** One Snowflake session's worth of work: statements run one after another, whoever sends them. */
export function createSnowflakeSession(place: Place, dialect: Dialect, signal?: AbortSignal): SnowflakeSession {
  let connection = place.connection;
  let statements = 0;
  /** In `transaction()`; `begun`: the server has one open. */
  let inTransaction = false;
  let begun = false;
  let ended = false;
  let spoilt = false;
  /** Nothing has run on this connection for us: another one would do as well. */
  let untouched = !place.isNew;
  let occupied: "stream" | "load" | null = null;
  /** A load counts as one request, whatever it takes. */
  let loading = false;
  let tail: Promise<unknown> = Promise.resolve();
  let running: Running<unknown> | null = null;
  let repeat: NodeJS.Timeout | undefined;

  const cancel = () => {
    spoilt = true;
    running?.cancel();
    repeat ??= setInterval(() => running?.cancel(), CANCEL_EVERY_MS);
  };
  const onAbort = () => {
    if (running !== null) cancel();
  };
  signal?.addEventListener("abort", onAbort, { once: true });

  const fail = (cause: unknown, text?: string): Error => {
    if (isConnectionLoss(cause) || isSessionGone(cause)) spoilt = true;
    if (signal?.aborted) return abortError(signal);
    return cause instanceof MillraceError ? cause : mapError(cause, place.name, text);
  };

  function ready(by: "load" | null = null): void {
    if (signal?.aborted) throw abortError(signal);
    if (ended) throw misuse("A warehouse session was used after it had ended.");
    if (occupied !== null && occupied !== by) {
      throw misuse(`A statement was sent while a ${occupied} of the same session is under way.`);
    }
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = tail.then(work);
    tail = turn.catch(() => undefined);
    return turn;
  }

  async function watched<T>(started: Running<T>): Promise<T> {
    running = started;
    try {
      return await started.done;
    } finally {
      running = null;
      clearInterval(repeat);
      repeat = undefined;
    }
  }

  /**
   * Runs what `start` starts; again where it certainly did not run, and where what kept it from running is mended.
   * `undo`: of a script that may have begun something before it was kept from going on; null: it must not begin anew.
   */
  async function attempt<T>(start: () => Running<T>, undo: readonly string[] | null = []): Promise<T> {
    try {
      const done = await watched(start());
      untouched = false;
      return done;
    } catch (cause) {
      if (signal?.aborted) throw cause;
      if (untouched && (isSessionGone(cause) || isConnectionLoss(cause))) {
        untouched = false;
        connection = await place.reconnect();
        return watched(start());
      }
      if (!isSuspended(cause) || undo === null) throw cause;
      statements += 1;
      for (const text of undo) await watched(run(connection, text, []));
      await watched(run(connection, `alter warehouse ${place.virtualWarehouse} resume if suspended`, [])).catch(() => {
        throw cause;
      });
      return watched(start());
    }
  }

  /** One request: a statement with its values bound, or a script with them written out. */
  async function request(list: readonly Sql[], answer: "last" | "none" = "last") {
    const [only] = list;
    statements += loading ? 0 : 1;
    if (list.length === 1 && only !== undefined) {
      return attempt(() => run(connection, only.text, only.values.map(parameter)), undoing(list));
    }
    return attempt(() => runScript(connection, list.map(spelledOut), answer), undoing(list));
  }

  /**
   * How a request begins anew that found the virtual warehouse suspended, maybe half-way: its own transaction is undone first. One
   * that others began is aborted already (TRANSACTION_ABORT_ON_ERROR), and rows without a transaction might come twice.
   */
  function undoing(list: readonly Sql[]): readonly string[] | null {
    if (list.includes(begin)) return [rollback.text];
    if (begun) return null;
    return list.length > 1 && list.some(({ text }) => effectOf(text) === "dml") ? null : [];
  }

  /**
   * DDL commits whatever is under way, so a transaction begins with its first change of rows and begins anew after DDL: the
   * caller does its DDL first, and what it changes after that is all or nothing.
   */
  function minded(list: readonly Sql[]): Sql[] {
    return list.flatMap((statement) => {
      const effect = effectOf(statement.text);
      if (makesTemporaryTable(statement.text)) spoilt = true;
      if (!inTransaction || effect === "none") return [statement];
      if (effect === "ddl") begun = false;
      if (effect === "ddl" || begun) return [statement];
      begun = true;
      return [begin, statement];
    });
  }

  async function send(list: readonly Sql[], answer: "last" | "none"): Promise<Cells> {
    ready(loading ? "load" : null);
    try {
      const { columns, rows } = await request(minded(list), answer);
      const readers = columns.map(readerFor);
      const cells = rows.map((row) => readers.map((read, i) => read(row[i])));
      return { names: columns.map((column) => ourName(column.getName())), rows: cells };
    } catch (cause) {
      const [first, ...rest] = list;
      if (first !== undefined && (await isThereAlready(first))) {
        return rest.length === 0 ? { names: [], rows: [] } : send(rest, answer);
      }
      // The server skips the rest of a failed script, its commit too.
      if (list.includes(begin)) await request([rollback]).catch(() => (spoilt = true));
      throw fail(cause, list.map(({ text }) => text).join(";\n"));
    }
  }

  /** CREATE SCHEMA IF NOT EXISTS asks for the right to create one even where it exists already. */
  async function isThereAlready({ text }: Sql): Promise<boolean> {
    const name = schemaToMake(text);
    if (name === null || signal?.aborted) return false;
    return request([raw(`use schema ${name}`)]).then(
      () => true,
      () => false,
    );
  }

  const session: SnowflakeSession = {
    dialect,
    get statements() {
      return statements;
    },
    get connection() {
      return connection;
    },
    query: (statement, row) => session.script([statement], row),
    async script(list, row) {
      const last = list.at(-1);
      if (last === undefined) throw misuse("An empty script has no answer.");
      const { names, rows } = await inTurn(() => send(list, "last"));
      return parseAnswer(last, names, rows, row);
    },
    async execute(list) {
      if (list.length > 0) await inTurn(() => send(list, "none"));
    },
    async describe(ref): Promise<SourceColumn[] | null> {
      try {
        return await session.query(describeTable(dialect, ref), columnRow);
      } catch (error) {
        if (error instanceof MillraceError && error.code === "RELATION_MISSING") return null;
        throw error;
      }
    },
    async *stream(statement, pageRows) {
      try {
        const started = await inTurn(async () => {
          ready();
          occupied = "stream";
          statements += 1;
          return attempt(() => open(connection, statement.text, statement.values.map(parameter)));
        });
        const readers = columnsOf(started).map(readerFor);
        let page: Value[][] = [];
        for await (const row of started.streamRows()) {
          page.push(readers.map((read, i) => read((row as readonly unknown[])[i])));
          if (page.length < pageRows) continue;
          if (signal?.aborted) throw abortError(signal);
          yield page;
          page = [];
        }
        if (page.length > 0) yield page;
      } catch (cause) {
        throw fail(cause, statement.text);
      } finally {
        occupied = null;
      }
    },
    async transaction(work) {
      if (inTransaction) throw misuse("Warehouse transactions do not nest.");
      inTransaction = true;
      begun = false;
      try {
        const value = await work();
        await inTurn(async () => {
          ready();
          if (!begun) return;
          begun = false;
          await request([commit]).catch((cause: unknown) => {
            spoilt = true;
            throw fail(cause, "commit");
          });
        });
        return value;
      } catch (error) {
        await undo();
        throw error;
      } finally {
        inTransaction = false;
      }
    },
    async load(target, columns, pages) {
      return inTurn(async () => {
        ready();
        occupied = "load";
        loading = true;
        statements += 1;
        const { loads } = place;
        try {
          const here: Loading = {
            dialect,
            loads,
            signal,
            within: inTransaction ? "transaction" : "nothing",
            send: (list) => send(list, "none"),
            clean: (statement) => request([statement]).then(ignore, ignore),
          };
          return await loadPages(here, target, columns, pages);
        } catch (cause) {
          if (signal?.aborted) throw abortError(signal);
          throw cause;
        } finally {
          occupied = null;
          loading = false;
        }
      });
    },
    async end() {
      await tail;
      ended = true;
      clearInterval(repeat);
      signal?.removeEventListener("abort", onAbort);
      return spoilt || signal?.aborted === true || !connection.isUp();
    },
  };

  /** Also after an abort. Where it cannot be sent, the session is closed, which rolls back as well. */
  async function undo(): Promise<void> {
    await tail;
    if (!begun) return;
    begun = false;
    await request([rollback]).catch(() => {
      spoilt = true;
    });
  }

  return session;
}
