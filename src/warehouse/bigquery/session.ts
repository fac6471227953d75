import { ContractError, MillraceError, RelationMissing } from "../../core/errors.ts";
import type { Column, Relation } from "../../core/relation.ts";
import type { Row, Value } from "../../core/value.ts";
import { abortError } from "../abort.ts";
import { parseAnswer } from "../answer.ts";
import type { Dialect, SourceColumn } from "../dialect.ts";
import { begin } from "../script.ts";
import { raw, type Sql, sql } from "../sql.ts";
import type { Meter, Session } from "../warehouse.ts";
import { columnsOf, datasetsApart, tableSchema } from "./describe.ts";
import { SESSION_DATASET } from "./dialect.ts";
import { isDuplicate, isMissing, isPassing, mapError } from "./errors.ts";
import type { Job, JobRef, Jobs, Page } from "./jobs.ts";
import { scriptOf } from "./literals.ts";
import { assertColumns, insertOf, linesOf, lotsOf, upload } from "./load.ts";
import { doingOf, Outbox, ROLLBACK } from "./outbox.ts";
import { firstPageRows, pagesOf } from "./results.ts";

const JOB_TRIES = 3;
const JOB_PAUSE_MS = 2_000;

const misuse = (message: string) => new ContractError(message, { hint: "Report this as a defect." });

export interface BigQuerySession extends Session {
  readonly meter: Meter;
  /** Waits for what still runs, and ends BigQuery's session: its temporary tables go. */
  end(): Promise<void>;
}

interface Sending {
  /** Also when the signal has aborted: what cleans up. */
  readonly despiteAbort?: boolean;
}

interface Answer {
  readonly ref: JobRef;
  readonly page: Page;
}

/**
 * A stage's work. One of BigQuery's own sessions is begun with the first temporary table, or the first transaction that
 * reads what it wrote; most stages that only read need none. Statements run one after another, whoever sends them.
 */
export function createBigQuerySession(
  jobs: Jobs,
  dialect: Dialect,
  place: string,
  signal?: AbortSignal,
): BigQuerySession {
  const { project, maximumBytesBilled, clock } = jobs.settings;
  let statements = 0;
  let bytesRead = 0;
  let sessionId: string | null = null;
  let location = jobs.settings.location;
  let transaction: Outbox | null = null;
  let ended = false;
  let occupied: "stream" | "load" | null = null;
  let tail: Promise<unknown> = Promise.resolve();
  let running: JobRef | null = null;
  let cancelling: Promise<void> = Promise.resolve();

  const onAbort = () => {
    const job = running;
    if (job !== null) cancelling = jobs.cancel(job);
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

  function configurationOf(list: readonly Sql[]) {
    const { query, parameters } = scriptOf(list);
    const within = sessionId !== null;
    const begins = sessionId === null && needsSession(list);
    return {
      query: {
        query,
        useLegacySql: false,
        ...(parameters.length === 0 ? {} : { parameterMode: "NAMED", queryParameters: parameters }),
        ...(maximumBytesBilled === undefined ? {} : { maximumBytesBilled: String(maximumBytesBilled) }),
        ...(begins ? { createSession: true } : {}),
        ...(within ? { connectionProperties: [{ key: "session_id", value: sessionId }] } : {}),
      },
    };
  }

  /** A temporary table outlives its job in a session only, and so does a transaction that this script leaves open. */
  function needsSession(list: readonly Sql[]): boolean {
    return transaction?.open === true || list.some((statement) => doingOf(statement).kind === "temporary");
  }

  /** One job: a statement or a script, and the first page of its last statement's rows. */
  async function send(list: readonly Sql[], o: Sending = {}): Promise<Answer> {
    const used = o.despiteAbort === true ? undefined : signal;
    statements += 1;
    const text = list.map((statement) => statement.text).join(";\n");
    // A script may have done its first statements when it fails, and an open transaction is lost with the failure.
    const repeatable = list.length === 1 && transaction?.open !== true;
    for (let tries = 1; ; tries++) {
      const ref = { ...jobs.newRef(), location };
      running = ref;
      try {
        const job = await jobs.insert(ref, configurationOf(list), used);
        const known = jobs.refOf(job);
        running = known;
        const page = await jobs.page(known, { maxRows: firstPageRows }, used);
        location ??= known.location;
        if (sessionId === null && needsSession(list)) sessionId = await sessionOf(job, known);
        bytesRead += page.bytesProcessed;
        return { ref: known, page };
      } catch (cause) {
        if (used?.aborted || tries >= JOB_TRIES || !repeatable || !isPassing(cause)) {
          if (sessionId !== null && list.includes(begin)) await rollBack();
          throw fail(cause, text);
        }
        await clock.sleep(Math.ceil(Math.random() * JOB_PAUSE_MS * tries), used);
      } finally {
        running = null;
      }
    }
  }

  /** A transaction that BigQuery has ended itself is none to roll back: that is an error, and the purpose is served. */
  async function rollBack(): Promise<void> {
    await send([ROLLBACK], { despiteAbort: true }).catch(() => undefined);
  }

  async function sessionOf(job: Job, ref: JobRef): Promise<string | null> {
    const found = job.statistics?.sessionInfo ?? (await jobs.get(ref, signal)).statistics?.sessionInfo;
    return found?.sessionId ?? null;
  }

  /** Sends what must be sent now; the answer is that of the last statement. */
  async function run(list: readonly Sql[]): Promise<Answer | null> {
    ready();
    let answer: Answer | null = null;
    for (const part of datasetsApart(list)) {
      if (typeof part === "string") await makeDataset(part);
      else if (transaction === null) answer = await send(part);
      else {
        const script = transaction.take(part);
        answer = script.length === 0 ? null : await send(script);
      }
    }
    return answer;
  }

  /** CREATE SCHEMA asks for bigquery.datasets.create even where the dataset exists, so the API is asked first. */
  async function makeDataset(name: string): Promise<void> {
    statements += 1;
    try {
      await jobs.client.request({ method: "GET", path: `datasets/${name}` }, signal);
    } catch (missing) {
      if (!isMissing(missing)) throw fail(missing);
      const json = { datasetReference: { projectId: project, datasetId: name }, ...(location && { location }) };
      try {
        await jobs.client.request({ method: "POST", path: "datasets", json }, signal);
      } catch (cause) {
        if (!isDuplicate(cause)) throw fail(cause);
      }
    }
  }

  async function describe(ref: Relation): Promise<SourceColumn[] | null> {
    if (ref.schema === SESSION_DATASET) return describeTemporary(ref.name);
    // A table's definition is not a statement: it costs nothing and has no queue.
    const path = `datasets/${encodeURIComponent(ref.schema)}/tables/${encodeURIComponent(ref.name)}`;
    const root =
      ref.database === undefined || ref.database === project
        ? ""
        : `${jobs.client.endpoint}/bigquery/v2/projects/${ref.database}/`;
    try {
      ready();
      const { body } = await jobs.client.request({ method: "GET", path: `${root}${path}` }, signal);
      return columnsOf(tableSchema.parse(body).schema?.fields ?? []);
    } catch (cause) {
      if (isMissing(cause)) return null;
      throw fail(cause);
    }
  }

  /** What an empty answer has for columns: the API shows a session's tables to nobody. */
  async function describeTemporary(name: string): Promise<SourceColumn[]> {
    const { page } = await inTurn(async () => {
      ready();
      return send([sql`select * from ${dialect.ident(name)} limit 0`]);
    });
    return columnsOf(page.fields);
  }

  async function asked(list: readonly Sql[]): Promise<Answer> {
    const answer = await inTurn(() => run(list));
    if (answer === null) throw misuse("A statement was asked for rows that it does not have.");
    return answer;
  }

  const session: BigQuerySession = {
    dialect,
    get statements() {
      return statements;
    },
    meter: {
      get bytesRead() {
        return bytesRead;
      },
      async wouldRead(statement) {
        ready();
        try {
          return await jobs.dryRun(configurationOf([statement]).query, signal);
        } catch (cause) {
          throw fail(cause, statement.text);
        }
      },
    },
    describe,
    query: (statement, row) => session.script([statement], row),
    async script(list, row) {
      const { ref, page } = await asked(list);
      const text = list.at(-1)?.text ?? "";
      const rows: Value[][] = [];
      try {
        for await (const part of pagesOf(jobs, ref, page, signal)) rows.push(...part);
      } catch (cause) {
        throw fail(cause, text);
      }
      return parseAnswer(
        list.at(-1) ?? raw(""),
        page.fields.map(({ name }) => name),
        rows,
        row,
      );
    },
    async *stream(statement, pageRows) {
      const { ref, page } = await asked([statement]);
      occupied = "stream";
      try {
        let rows: Value[][] = [];
        for await (const part of pagesOf(jobs, ref, page, signal)) {
          rows = rows.length === 0 ? part : rows.concat(part);
          let from = 0;
          for (; rows.length - from >= pageRows; from += pageRows) {
            if (signal?.aborted) throw abortError(signal);
            yield rows.slice(from, from + pageRows);
          }
          rows = rows.slice(from);
        }
        if (rows.length > 0) yield rows;
      } catch (cause) {
        throw fail(cause, statement.text);
      } finally {
        occupied = null;
      }
    },
    async execute(list) {
      if (list.length > 0) await inTurn(() => run(list));
    },
    async transaction(work) {
      if (transaction !== null) throw misuse("Warehouse transactions do not nest.");
      const box = new Outbox();
      transaction = box;
      try {
        const value = await work();
        await inTurn(async () => {
          ready();
          const script = box.commit();
          if (script.length > 0) await send(script);
        });
        return value;
      } catch (error) {
        await tail;
        if (box.open) await rollBack();
        throw error;
      } finally {
        transaction = null;
      }
    },
    async load(target, columns, pages) {
      // A session's table cannot be looked at without a statement, and the INSERT itself says what is wrong with it.
      const found = target.schema === SESSION_DATASET ? undefined : await describe(target);
      if (found === null) {
        throw new RelationMissing(`The warehouse has no table ${target.schema}.${target.name} to load into.`, {
          hint: "Millrace makes its own tables: run it again, or look at the dataset's permissions.",
          context: { relation: `${target.schema}.${target.name}` },
        });
      }
      if (found !== undefined) assertColumns(target, found, columns);
      return load(target, columns, pages);
    },
    async end() {
      await tail;
      ended = true;
      await cancelling;
      signal?.removeEventListener("abort", onAbort);
      // Else it would stay, with its tables, for a day. https://cloud.google.com/bigquery/docs/sessions-terminating
      if (sessionId !== null) await send([sql`call bq.abort_session()`], { despiteAbort: true }).catch(() => undefined);
    },
  };

  /**
   * Few rows go as one INSERT, many by a load job. A load job is no part of a transaction: inside one it fills a temporary
   * table, and the transaction inserts from there.
   */
  async function load(
    target: Relation,
    columns: readonly Column[],
    pages: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
  ): Promise<number> {
    const lots = lotsOf(pages, columns, signal);
    const name = target.schema === SESSION_DATASET ? dialect.ident(target.name) : dialect.relation(target);
    let loaded = 0;
    const counted = async function* (first: readonly (readonly Row[])[]) {
      for (const rows of first) yield rows;
      for await (const rows of lots) {
        loaded += rows.length;
        yield rows;
      }
    };
    try {
      const one = await lots.next();
      if (one.done === true) return 0;
      const two = await lots.next();
      loaded = one.value.length;
      if (two.done === true) {
        await session.execute([insertOf(dialect, name, columns, one.value)]);
        return loaded;
      }
      const head = [one.value, two.value];
      // Whether a load job parses a text in a JSON column is not written down: PARSE_JSON in an INSERT leaves no doubt. And
      // with a transaction open, the job would see and write past it.
      if (columns.some(({ type }) => type === "json") || transaction?.open === true) {
        const inserts = async () => {
          for (const rows of head) await session.execute([insertOf(dialect, name, columns, rows)]);
          for await (const rows of lots) {
            loaded += rows.length;
            await session.execute([insertOf(dialect, name, columns, rows)]);
          }
        };
        loaded += two.value.length;
        await (transaction === null ? session.transaction(inserts) : inserts());
        return loaded;
      }
      loaded += two.value.length;
      await inTurn(() => job(target, columns, linesOf(counted(head), columns)));
      return loaded;
    } catch (cause) {
      throw signal?.aborted ? abortError(signal) : cause;
    }
  }

  async function job(target: Relation, columns: readonly Column[], lines: AsyncIterable<string>): Promise<void> {
    ready();
    occupied = "load";
    statements += 1;
    const ref = { ...jobs.newRef(), location };
    running = ref;
    const configuration = {
      load: {
        destinationTable: { projectId: project, datasetId: target.schema, tableId: target.name },
        sourceFormat: "NEWLINE_DELIMITED_JSON",
        schema: {
          fields: columns.map(({ name, type }) => ({ name, type: dialect.typeName(type).text.toUpperCase() })),
        },
        writeDisposition: "WRITE_APPEND",
        createDisposition: "CREATE_NEVER",
        ...(sessionId === null ? {} : { connectionProperties: [{ key: "session_id", value: sessionId }] }),
      },
    };
    try {
      await upload(jobs, ref, configuration, lines, signal);
    } catch (cause) {
      // Errors of the source of the rows pass as they are.
      throw fromApi(cause) ? fail(cause) : cause;
    } finally {
      running = null;
      occupied = null;
    }
  }

  return session;
}

const fromApi = (cause: unknown): boolean => cause instanceof Error && ("code" in cause || "reason" in cause);
