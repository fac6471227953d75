import type { CustomTypesConfig, QueryArrayResult } from "pg";
import copy from "pg-copy-streams";
import { ContractError, MillraceError } from "../../core/errors.ts";
import type { Relation } from "../../core/relation.ts";
import type { Value } from "../../core/value.ts";
import { abortError } from "../abort.ts";
import { parseAnswer } from "../answer.ts";
import type { Dialect, SourceColumn } from "../dialect.ts";
import { begin, commit } from "../script.ts";
import type { Sql } from "../sql.ts";
import type { Session } from "../warehouse.ts";
import { answerTypes } from "./answer-types.ts";
import type { Backend } from "./backends.ts";
import { readerFor } from "./cells.ts";
import { cellsOf, linesOf } from "./copy-text.ts";
import { columnRow, columnsQuery } from "./describe.ts";
import { mapError } from "./errors.ts";
import { numbered, parameter, spelledOut } from "./literals.ts";
import { copyPages } from "./load.ts";

/** How often a cancellation is repeated: one that arrives between two statements stops neither. */
const CANCEL_EVERY_MS = 200;

/** The server's text as it comes: `readerFor` makes cells of it. */
const asText: CustomTypesConfig = { getTypeParser: () => (text: string) => text };

/** The server's rows as cells, by the types it names. */
function answerOf({ command, fields, rows }: QueryArrayResult<(string | null)[]>): Answer {
  const readers = fields.map(({ dataTypeID }) => readerFor(dataTypeID));
  return {
    command,
    names: fields.map(({ name }) => name),
    rows: rows.map((row) =>
      readers.map((read, i) => {
        const cell = row[i] ?? null;
        return cell === null ? null : read(cell);
      }),
    ),
  };
}

interface Answer {
  /** What the server says it did, e.g. "SELECT" or "ROLLBACK". */
  readonly command: string;
  readonly names: readonly string[];
  readonly rows: Value[][];
}

const misuse = (message: string) => new ContractError(message, { hint: "Report this as a defect." });

export interface PostgresSession extends Session {
  /** Waits for what still runs. Resolves to true where the connection must not serve anybody else. */
  end(): Promise<boolean>;
}

/** One connection's worth of work: statements run one after another, whoever sends them. */
export function createPostgresSession(
  backend: Backend,
  dialect: Dialect,
  place: string,
  signal?: AbortSignal,
): PostgresSession {
  const { client } = backend;
  let statements = 0;
  let inTransaction = false;
  /** A transaction whose begin goes along with its first statement. */
  let toBegin = false;
  let ended = false;
  let occupied: "stream" | "load" | null = null;
  let tail: Promise<unknown> = Promise.resolve();
  let cancelling: Promise<void> = Promise.resolve();
  let repeat: NodeJS.Timeout | undefined;

  const cancel = () => {
    cancelling = cancelling.then(() => backend.cancel());
  };
  const cancelUntilDone = () => {
    cancel();
    repeat ??= setInterval(cancel, CANCEL_EVERY_MS);
  };
  const done = () => {
    clearInterval(repeat);
    repeat = undefined;
  };
  let running = 0;
  const onAbort = () => {
    if (running > 0) cancelUntilDone();
  };
  signal?.addEventListener("abort", onAbort, { once: true });

  const fail = (cause: unknown, text?: string): Error => {
    if (signal?.aborted) return abortError(signal);
    return cause instanceof MillraceError ? cause : mapError(cause, place, text);
  };

  function ready(): void {
    if (signal?.aborted) throw abortError(signal);
    if (ended) throw misuse("A warehouse session was used after it had ended.");
    if (occupied !== null) throw misuse(`A statement was sent while a ${occupied} of the same session is under way.`);
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = tail.then(work);
    tail = turn.catch(() => undefined);
    return turn;
  }

  /** While the server works for us an abort cancels it; in between there is nothing to cancel. */
  async function onServer<T>(work: () => Promise<T>): Promise<T> {
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
      if (running === 0) done();
    }
  }

  /** Several statements travel as one text, with their values written out: the protocol binds none to a script. */
  async function send(list: readonly Sql[]): Promise<Answer> {
    ready();
    const script = toBegin ? [begin, ...list] : list;
    toBegin = false;
    statements += 1;
    const [only] = script;
    const text = script.length === 1 && only !== undefined ? numbered(only.text) : script.map(spelledOut).join(";\n");
    const values = script.length === 1 && only !== undefined ? only.values.map(parameter) : [];
    try {
      const answers: unknown = await onServer(() =>
        client.query<(string | null)[], (string | null)[]>({
          text,
          ...(values.length === 0 ? {} : { values }),
          rowMode: "array",
          types: asText,
        }),
      );
      // The driver gives a list where the text held several statements.
      return answerOf((Array.isArray(answers) ? answers.at(-1) : answers) as QueryArrayResult<(string | null)[]>);
    } catch (cause) {
      // The server skips the rest of a failed script, its commit too.
      if (list.includes(begin)) await rollback();
      throw fail(cause, text);
    }
  }

  /** COPY has no place for it in its own text. */
  async function begun(): Promise<void> {
    if (!toBegin) return;
    toBegin = false;
    statements += 1;
    await client.query(begin.text);
  }

  async function describe(ref: Relation): Promise<SourceColumn[] | null> {
    const columns = await session.query(columnsQuery(ref), columnRow);
    return columns.length === 0 ? null : columns;
  }

  /** Also after an abort, so not by `send`. A lost connection has rolled back already. */
  async function rollback(): Promise<void> {
    done();
    await cancelling;
    statements += 1;
    await client.query("rollback").catch(() => undefined);
  }

  const session: PostgresSession = {
    dialect,
    get statements() {
      return statements;
    },
    describe,
    query: (statement, row) => session.script([statement], row),
    async script(list, row) {
      const last = list.at(-1);
      if (last === undefined) throw misuse("An empty script has no answer.");
      const { names, rows } = await inTurn(() => send(list));
      return parseAnswer(last, names, rows, row);
    },
    async *stream(statement, pageRows) {
      let left = false;
      try {
        const { readers, chunks } = await inTurn(async () => {
          ready();
          await begun();
          occupied = "stream";
          statements += 1;
          const text = spelledOut(statement);
          const oids = await onServer(() => answerTypes(client, text));
          running += 1;
          return { readers: oids.map(readerFor), chunks: client.query(copy.to(`copy (${text}) to stdout`)) };
        });
        const bytes: AsyncIterable<Buffer> = {
          [Symbol.asyncIterator]: () => chunks.iterator({ destroyOnReturn: false }),
        };
        try {
          let page: Value[][] = [];
          left = true;
          for await (const lines of linesOf(bytes)) {
            for (const line of lines) {
              page.push(cellsOf(line, readers));
              if (page.length < pageRows) continue;
              if (signal?.aborted) throw abortError(signal);
              yield page;
              page = [];
            }
          }
          left = false;
          if (page.length > 0) yield page;
        } catch (cause) {
          left = false;
          throw cause;
        } finally {
          if (left) await drain(bytes);
          running -= 1;
          if (running === 0) done();
        }
      } catch (cause) {
        throw fail(cause, statement.text);
      } finally {
        occupied = null;
      }
    },
    async execute(list) {
      if (list.length > 0) await inTurn(() => send(list));
    },
    async transaction(work) {
      if (inTransaction) throw misuse("Warehouse transactions do not nest.");
      ready();
      inTransaction = true;
      toBegin = true;
      try {
        const value = await work();
        if (toBegin) return value;
        const { command } = await inTurn(() => send([commit]));
        // After a failed statement the server takes COMMIT for ROLLBACK, and calls it a success.
        if (command === "ROLLBACK") throw misuse("A statement failed and its transaction went on.");
        return value;
      } catch (error) {
        await tail;
        if (!toBegin) await rollback();
        throw error;
      } finally {
        inTransaction = false;
        toBegin = false;
      }
    },
    load: (target, columns, pages) =>
      inTurn(async () => {
        ready();
        await begun();
        occupied = "load";
        statements += 1;
        try {
          return await onServer(() => copyPages(client, dialect, target, columns, pages, signal));
        } catch (cause) {
          throw sourceOrServer(cause);
        } finally {
          occupied = null;
        }
      }),
    async end() {
      await tail;
      ended = true;
      done();
      await cancelling;
      signal?.removeEventListener("abort", onAbort);
      // A cancellation may still be on its way to the server, where it would hit the next session's statement.
      return signal?.aborted === true || !backend.healthy();
    },
  };

  /** Reads the rest away, so that the connection is free again. In a transaction a cancellation would undo all of it. */
  async function drain(bytes: AsyncIterable<Buffer>): Promise<void> {
    if (!inTransaction || signal?.aborted) cancelUntilDone();
    try {
      for await (const _ of bytes);
    } catch {
      // The cancellation ends the stream by an error: that was the purpose.
    }
    done();
    await cancelling;
  }

  /** Errors of the source of the pages pass as they are; the server's have a code. */
  function sourceOrServer(cause: unknown): unknown {
    if (signal?.aborted) return abortError(signal);
    const fromServer = cause instanceof Error && ("severity" in cause || "code" in cause || !backend.healthy());
    return fromServer && !(cause instanceof MillraceError) ? mapError(cause, place) : cause;
  }

  return session;
}
