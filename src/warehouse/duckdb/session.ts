import type { DuckDBConnection, DuckDBPreparedStatement, DuckDBResult } from "@duckdb/node-api";
import { z } from "zod";
import { ContractError, MillraceError, RelationMissing } from "../../core/errors.ts";
import type { Relation } from "../../core/relation.ts";
import type { Value } from "../../core/value.ts";
import { abortError } from "../abort.ts";
import { parseAnswer } from "../answer.ts";
import type { Dialect, SourceColumn } from "../dialect.ts";
import { begin, commit } from "../script.ts";
import { type Sql, sql } from "../sql.ts";
import type { Session } from "../warehouse.ts";
import { bind } from "./bind.ts";
import { appendRows, readersFor } from "./cells.ts";
import { mapError } from "./errors.ts";
import { appendPages } from "./load.ts";
import { typeOf } from "./types.ts";

interface Answer {
  readonly names: readonly string[];
  readonly rows: readonly (readonly Value[])[];
}

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
  /** A transaction whose begin goes along with its first statement. */
  let toBegin = false;
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
    await begun();
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

  async function begun(): Promise<void> {
    if (!toBegin) return;
    toBegin = false;
    await connection.run(begin.text);
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

  const run = (statement: Sql): Promise<void> =>
    send(statement, async (prepared) => {
      await prepared.run();
    });

  const answer = (statement: Sql): Promise<Answer> =>
    send(statement, async (prepared) => {
      const result = await prepared.run();
      const rows: Value[][] = [];
      await fetchRows(result, rows, Number.POSITIVE_INFINITY);
      return { names: result.columnNames(), rows };
    });

  /** One call of ours: whatever else the session is asked waits until all of it is done. */
  function inScript<T>(list: readonly Sql[], work: () => Promise<T>): Promise<T> {
    return inTurn(async () => {
      ready();
      statements += 1;
      try {
        return await work();
      } catch (error) {
        if (list.includes(begin)) await connection.run("rollback").catch(() => undefined);
        throw error;
      }
    });
  }

  async function columnsOf(ref: Relation): Promise<SourceColumn[] | null> {
    const statement = sql`describe ${dialect.relation(ref)}`;
    try {
      const { names, rows } = await inTurn(() => answer(statement));
      return parseAnswer(statement, names, rows, described).map(({ column_name, column_type }) => ({
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
    describe(ref) {
      statements += 1;
      return columnsOf(ref);
    },
    query: (statement, row) => session.script([statement], row),
    async script(list, row) {
      const last = list.at(-1);
      if (last === undefined)
        throw new ContractError("An empty script has no answer.", { hint: "Report this as a defect." });
      const { names, rows } = await inScript(list, async () => {
        for (const statement of list.slice(0, -1)) await run(statement);
        return answer(last);
      });
      return parseAnswer(last, names, rows, row);
    },
    async *stream(statement, pageRows) {
      const result = await inTurn(async () => {
        statements += 1;
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
      if (list.length === 0) return;
      await inScript(list, async () => {
        for (const statement of list) await run(statement);
      });
    },
    transaction: (work) => enclosed(work, () => session.execute([commit])),
    async load(target, columns, pages) {
      statements += 1;
      const found = await columnsOf(target);
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
        await begun();
        try {
          return await appendPages(connection, { database: catalog, ...target }, found, columns, pages, signal);
        } catch (cause) {
          throw signal?.aborted ? abortError(signal) : cause;
        }
      };
      const loaded = inTransaction ? append() : enclosed(append, () => inTurn(() => run(commit)));
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

  async function enclosed<T>(work: () => Promise<T>, end: () => Promise<void>): Promise<T> {
    if (inTransaction)
      throw new ContractError("Warehouse transactions do not nest.", { hint: "Report this as a defect." });
    ready();
    inTransaction = true;
    toBegin = true;
    try {
      const value = await work();
      if (!toBegin) await end();
      return value;
    } catch (error) {
      if (!toBegin) await rollback();
      throw error;
    } finally {
      inTransaction = false;
      toBegin = false;
    }
  }

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
