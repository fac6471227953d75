import type { DuckDBConnection, DuckDBPreparedStatement, DuckDBResult } from "@duckdb/node-api";
import { z } from "zod";
import { ContractError, MillraceError, RelationMissing } from "../../core/errors.ts";
import type { Value } from "../../core/value.ts";
import { abortError } from "../abort.ts";
import { parseAnswer } from "../answer.ts";
import type { Dialect, SourceColumn } from "../dialect.ts";
import { type Sql, sql } from "../sql.ts";
import type { Session } from "../warehouse.ts";
import { bind } from "./bind.ts";
import { appendRows, readersFor } from "./cells.ts";
import { mapError } from "./errors.ts";
import { appendPages } from "./load.ts";
import { typeOf } from "./types.ts";

const described = z.object({ column_name: z.string(), column_type: z.string() });

/** How often an abort repeats its interrupt: DuckDB forgets one that arrives before the statement has begun. */
const INTERRUPT_EVERY_MS = 50;

export interface DuckDbSession extends Session {
  /** Waits for what still runs and ends an open stream: only then does DuckDB let go of the file. */
  end(): Promise<void>;
}

/** One connection's worth of work: statements run one after another, whoever sends them. `catalog` is the file's own. */
export function createDuckDbSession(
  connection: DuckDBConnection,
  dialect: Dialect,
  catalog: string,
  signal?: AbortSignal,
): DuckDbSession {
  let statements = 0;
  let inTransaction = false;
  let ended = false;
  let openStream: DuckDBResult | null = null;
  let tail: Promise<unknown> = Promise.resolve();
  let loading: Promise<unknown> = Promise.resolve();
  let repeat: NodeJS.Timeout | undefined;

  const onAbort = () => {
    connection.interrupt();
    repeat ??= setInterval(() => connection.interrupt(), INTERRUPT_EVERY_MS);
  };
  signal?.addEventListener("abort", onAbort, { once: true });

  const fail = (cause: unknown, text?: string): MillraceError => {
    if (signal?.aborted) return abortError(signal);
    return cause instanceof MillraceError ? cause : mapError(cause, text);
  };

  function ready(): void {
    if (signal?.aborted) throw abortError(signal);
    if (ended)
      throw new ContractError("A warehouse session was used after it had ended.", { hint: "Report this as a defect." });
    if (openStream !== null) {
      throw new ContractError("A statement was sent while a stream of the same session is being read.", {
        hint: "Report this as a defect.",
      });
    }
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = tail.then(work);
    tail = turn.catch(() => undefined);
    return turn;
  }

  async function send<T>(statement: Sql, run: (prepared: DuckDBPreparedStatement) => Promise<T>): Promise<T> {
    ready();
    statements += 1;
    let prepared: DuckDBPreparedStatement | undefined;
    try {
      prepared = await connection.prepare(statement.text);
      bind(prepared, statement.values);
      if (signal?.aborted) throw abortError(signal);
      return await run(prepared);
    } catch (cause) {
      throw fail(cause, statement.text);
    } finally {
      prepared?.destroySync();
    }
  }

  async function fetchRows(result: DuckDBResult, rows: Value[][], atLeast: number): Promise<boolean> {
    const readers = readersFor(result);
    while (rows.length < atLeast) {
      const chunk = await result.fetchChunk();
      if (!chunk || chunk.rowCount === 0) return false;
      appendRows(rows, chunk, readers);
    }
    return true;
  }

  /** DuckDB keeps the file locked while a streaming result is unfinished, even after its connection is closed. */
  async function drop(result: DuckDBResult): Promise<void> {
    // Inside a transaction an interrupt would undo all of it: there the rest is read away instead.
    if (!inTransaction || signal?.aborted) connection.interrupt();
    try {
      for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk());
    } catch {
      // The interrupt ends the stream by an error: that was the purpose.
    }
    if (openStream === result) openStream = null;
  }

  const execute = (statement: Sql): Promise<void> =>
    inTurn(() =>
      send(statement, async (prepared) => {
        await prepared.run();
      }),
    );

  async function describe(ref: Parameters<Session["describe"]>[0]): Promise<SourceColumn[] | null> {
    try {
      const rows = await session.query(sql`describe ${dialect.relation(ref)}`, described);
      return rows.map(({ column_name, column_type }) => ({
        name: column_name,
        type: typeOf(column_type),
        nativeType: column_type,
      }));
    } catch (error) {
      const names: readonly unknown[] = [ref.name, `${ref.schema}.${ref.name}`, ref.schema, ref.database];
      // A view over a missing table is missing something else, and says so.
      if (error instanceof RelationMissing && names.includes(error.context.relation)) return null;
      throw error;
    }
  }

  const session: DuckDbSession = {
    dialect,
    get statements() {
      return statements;
    },
    describe,
    async query(statement, row) {
      const { names, rows } = await inTurn(() =>
        send(statement, async (prepared) => {
          const result = await prepared.run();
          const found: Value[][] = [];
          await fetchRows(result, found, Number.POSITIVE_INFINITY);
          return { names: result.columnNames(), rows: found };
        }),
      );
      return parseAnswer(statement, names, rows, row);
    },
    async *stream(statement, pageRows) {
      const result = await inTurn(async () => {
        const opened = await send(statement, (prepared) => prepared.stream());
        openStream = opened;
        return opened;
      });
      try {
        let rows: Value[][] = [];
        let more = true;
        while (more) {
          more = await fetchRows(result, rows, pageRows);
          while (rows.length >= pageRows || (!more && rows.length > 0)) {
            if (signal?.aborted) throw abortError(signal);
            yield rows.slice(0, pageRows);
            rows = rows.slice(pageRows);
          }
        }
        openStream = null;
      } catch (cause) {
        throw fail(cause, statement.text);
      } finally {
        if (openStream === result) await drop(result);
      }
    },
    async execute(list) {
      for (const statement of list) await execute(statement);
    },
    async transaction(work) {
      if (inTransaction)
        throw new ContractError("Warehouse transactions do not nest.", { hint: "Report this as a defect." });
      await execute(sql`begin transaction`);
      inTransaction = true;
      try {
        const value = await work();
        await execute(sql`commit`);
        return value;
      } catch (error) {
        await rollback();
        throw error;
      } finally {
        inTransaction = false;
      }
    },
    async load(target, columns, pages) {
      const found = await describe(target);
      if (found === null) {
        throw new RelationMissing(`The warehouse has no table ${target.schema}.${target.name} to load into.`, {
          hint: "Millrace makes its own tables: run it again, or look at the schema's permissions.",
          context: { relation: `${target.schema}.${target.name}` },
        });
      }
      // Not `inTurn`: the pages may come from elsewhere in this session, and waiting for each other would never end.
      const append = async () => {
        await tail;
        ready();
        statements += 1;
        try {
          return await appendPages(connection, { database: catalog, ...target }, found, columns, pages, signal);
        } catch (cause) {
          throw signal?.aborted ? abortError(signal) : cause;
        }
      };
      const loaded = inTransaction ? append() : session.transaction(append);
      loading = loaded.catch(() => undefined);
      return loaded;
    },
    async end() {
      await loading;
      await tail;
      if (openStream !== null) await drop(openStream);
      ended = true;
      clearInterval(repeat);
      signal?.removeEventListener("abort", onAbort);
    },
  };

  /** Also after an abort, so not by `execute`. DuckDB ends a transaction itself on some errors: then there is none to end. */
  async function rollback(): Promise<void> {
    await tail;
    if (openStream !== null) await drop(openStream);
    clearInterval(repeat);
    statements += 1;
    await connection.run("rollback").catch(() => undefined);
  }

  return session;
}
