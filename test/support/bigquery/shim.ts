import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Answer, error, type Json, ok, stringly, withSession, write } from "./answers.ts";
import { changeDataset, schemaOf } from "./datasets.ts";
import type { Emulator } from "./emulator.ts";
import { completeLoad, done, multipart } from "./loads.ts";
import { contentAfter, guardedStringAgg, mergeFromTable, plainIntervals, renamed } from "./rewritings.ts";
import { send } from "./send.ts";
import * as text from "./sql-text.ts";

/** What goes wrong on purpose: the next `times` requests that match. */
export interface Fault {
  readonly matches: (method: string, url: string, body: string) => boolean;
  readonly times: number;
  /** cut: the connection ends before the request is done · late: it is done, and the connection ends before the answer. */
  readonly answer: "cut" | "late" | { readonly status: number; readonly reason: string; readonly message: string };
}

export interface Shim {
  readonly port: number;
  readonly url: string;
  fail(fault: Fault): void;
  /** Every request that came in, e.g. "POST /bigquery/v2/projects/test/jobs". */
  readonly requests: string[];
  /** Configurations of the jobs that came in. */
  readonly jobs: Json[];
  stop(): Promise<void>;
}

interface BqSession {
  readonly id: string;
  readonly dataset: string;
  /** The tables a transaction has written → the copies that a rollback brings back. null: none is open. */
  journal: Map<string, string> | null;
}

/** What every query is said to have read: 10 MB, the least that BigQuery bills. */
const BYTES_A_QUERY = "10485760";

/** A statement with this mark runs until its job is cancelled: the emulator itself can stop nothing. */
export const ENDLESS = "select 1 as n /* endless */";

/**
 * A loopback server before goccy/bigquery-emulator 0.8.1. It adds, and only adds, what BigQuery does and the emulator does
 * not: CREATE SCHEMA, MERGE from, UPDATE and DELETE by subqueries, sessions with temporary tables, scripts of several statements, BEGIN, COMMIT and ROLLBACK (by copies of the tables
 * that a transaction writes: no isolation), resumable uploads, CREATE OR REPLACE and IF NOT EXISTS, cancelling; reasons and
 * numbers of errors; and what dbt-bigquery reads of a job. Faults can be put in.
 */
export async function startShim(emulator: Emulator): Promise<Shim> {
  const sessions = new Map<string, BqSession>();
  const uploads = new Map<string, { readonly metadata: Json; readonly chunks: Buffer[] }>();
  const targets = new Map<string, text.Path>();
  /** Job → its statementType, which the emulator calls SELECT whatever it was. */
  const kinds = new Map<string, string>();
  const endless = new Map<string, () => void>();
  const faults: { fault: Fault; left: number }[] = [];
  const requests: string[] = [];
  const jobs: Json[] = [];
  /** The emulator answers one query after the other. */
  let tail: Promise<unknown> = Promise.resolve();
  let copies = 0;

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = tail.then(work);
    tail = turn.catch(() => undefined);
    return turn;
  };

  const up = (method: string, path: string, body?: Buffer, headers: Record<string, unknown> = {}): Promise<Answer> =>
    emulator.ask(() => send({ port: emulator.port, host: `127.0.0.1:${port}`, method, path, body, headers }));
  const json = (method: string, path: string, body?: object): Promise<Answer> =>
    up(method, path, body && Buffer.from(JSON.stringify(body)), { "content-type": "application/json" });

  const tablePath = ({ projectId, datasetId, tableId }: text.Path) =>
    `/bigquery/v2/projects/${projectId}/datasets/${encodeURIComponent(datasetId)}/tables/${encodeURIComponent(tableId)}`;

  /** A statement of the shim's own. */
  async function quietly(project: string, query: string): Promise<void> {
    const answer = await json("POST", `/bigquery/v2/projects/${project}/queries`, { query, useLegacySql: false });
    const said = answer.body.toString();
    if (answer.status !== 200) throw new Error(`the shim's own statement failed: ${query}: ${said.slice(0, 300)}`);
  }

  async function newSession(project: string): Promise<BqSession> {
    const session = { id: randomUUID(), dataset: `_s_${randomUUID().replaceAll("-", "")}`, journal: null };
    await json("POST", `/bigquery/v2/projects/${project}/datasets`, {
      datasetReference: { projectId: project, datasetId: session.dataset },
    });
    sessions.set(session.id, session);
    return session;
  }

  async function rollBack(project: string, session: BqSession): Promise<void> {
    for (const [table, copy] of session.journal ?? []) {
      await quietly(project, `delete from ${table} where true`);
      await quietly(project, `insert into ${table} select * from ${copy}`);
    }
    await forget(project, session);
  }
  async function forget(project: string, session: BqSession): Promise<void> {
    for (const copy of session.journal?.values() ?? []) await quietly(project, `drop table ${copy}`);
    session.journal = null;
  }

  /** Before a transaction's first write of a table. */
  async function keepCopy(project: string, session: BqSession, statement: string): Promise<void> {
    const table = text.writtenBy(statement);
    if (session.journal === null || table === null || !table.includes(".") || session.journal.has(table)) return;
    const copy = `\`${session.dataset}\`.copy_${++copies}`;
    // A table that is not there: the statement itself says so.
    const copied = quietly(project, `create table ${copy} as select * from ${table}`);
    if (
      await copied.then(
        () => true,
        () => false,
      )
    )
      session.journal.set(table, copy);
  }

  /** One statement under a job id of its own; `query` is the job's configuration without the statement. */
  async function statement(project: string, jobId: string, sql: string, query: Json): Promise<Answer> {
    const dataset = query.defaultDataset?.datasetId;
    const created = text.createdBy(sql);
    kinds.set(jobId, text.kindOf(sql));
    let sent = dataset === undefined ? sql : text.inDataset(sql, dataset);
    if (created !== null) {
      const path = text.pathOf(created.name, project, dataset);
      targets.set(jobId, path);
      if (created.replace || created.ifMissing) {
        const there = (await json("GET", tablePath(path))).status === 200;
        if (there && created.replace) await json("DELETE", tablePath(path));
        if (there && created.ifMissing) sent = "select 1";
      }
      // The emulator keeps no partitions and fails at some of their expressions.
      sent = sent.replace(/\bpartition by range_bucket\([^)]*\([^)]*\)\)/i, "");
    }
    sent = plainIntervals(guardedStringAgg(sent));
    const parameters = (query.queryParameters ?? []).filter(
      ({ name }: { name?: string }) => name === undefined || new RegExp(`@${name}\\b`).test(sent),
    );
    stringly(parameters);
    const { queryParameters: _, createSession: __, connectionProperties: ___, ...rest } = query;
    const answer = await json("POST", `/bigquery/v2/projects/${project}/jobs`, {
      jobReference: { projectId: project, jobId },
      configuration: {
        query: { ...rest, query: sent, ...(parameters.length > 0 ? { queryParameters: parameters } : {}) },
      },
    });
    return corrected(answer);
  }

  /** A statement, or what comes to the same where the emulator gets it wrong. */
  async function written(
    project: string,
    session: BqSession | null,
    jobId: string,
    sql: string,
    query: Json,
  ): Promise<Answer> {
    const dataset = schemaOf(sql);
    if (dataset !== null) {
      const trouble = await changeDataset(json, project, dataset);
      return trouble === null ? statement(project, jobId, "select 1 as done", {}) : corrected(trouble);
    }
    const moved = renamed(sql);
    if (moved !== null) {
      const copied = await statement(project, jobId, moved[0], query);
      if (!failed(copied)) await quietly(project, moved[1]);
      return copied;
    }
    const staged = `shim_copies.source_${++copies}`;
    const merge = mergeFromTable(sql, staged);
    if (merge !== null) {
      const read = await statement(project, randomUUID(), `create table ${staged} as ${merge.source}`, query);
      if (failed(read)) return read;
      const merged = await written(project, session, jobId, merge.merge, query);
      await quietly(project, `drop table ${staged}`);
      return merged;
    }
    const after = contentAfter(sql);
    if (after === null) {
      if (session !== null) await keepCopy(project, session, sql);
      return statement(project, jobId, sql, query);
    }
    // Mostly it changes nothing, and that costs the emulator one statement in place of six.
    const checked = await statement(project, jobId, after.touched, query);
    if (failed(checked)) return checked;
    const found = await json("GET", `/bigquery/v2/projects/${project}/queries/${jobId}`);
    if ((JSON.parse(found.body.toString()).rows ?? []).length === 0) return checked;
    if (session !== null) await keepCopy(project, session, sql);
    const copy = `shim_copies.after_${++copies}`;
    const read = await statement(project, randomUUID(), `create table ${copy} as ${after.query}`, query);
    if (failed(read)) return read;
    await quietly(project, `delete from ${after.table} where true`);
    await quietly(project, `insert into ${after.table} select * from ${copy}`);
    await quietly(project, `drop table ${copy}`);
    return checked;
  }

  async function queryJob(project: string, body: Json): Promise<Answer> {
    const query = body.configuration.query;
    const jobId: string = body.jobReference?.jobId ?? randomUUID();
    if (body.configuration.dryRun) return corrected(await json("POST", `/bigquery/v2/projects/${project}/jobs`, body));
    if (String(query.query).includes("/* endless */")) {
      await new Promise<void>((resolve) => endless.set(jobId, resolve));
      return error(400, "stopped", "Job execution was cancelled: User requested cancellation");
    }
    const wanted = query.connectionProperties?.find(({ key }: { key: string }) => key === "session_id")?.value;
    if (wanted !== undefined && !sessions.has(wanted))
      return error(400, "invalid", "Session has expired and is no longer available.");
    const statements = text.statementsOf(query.query);
    const lasting = wanted !== undefined || query.createSession === true;
    const needed = lasting || statements.some((one) => text.isBegin(one) || text.makesTemporary(one));
    const session = wanted === undefined ? (needed ? await newSession(project) : null) : (sessions.get(wanted) ?? null);
    const rest = { ...query };
    if (session !== null && rest.defaultDataset === undefined) {
      rest.defaultDataset = { projectId: project, datasetId: session.dataset };
    }
    const last = statements.findLastIndex((one) => !text.isControl(one));
    let answer: Answer | null = null;
    for (const [i, one] of statements.entries()) {
      if (session !== null && text.isBegin(one)) session.journal = new Map();
      else if (session !== null && text.isCommit(one)) await forget(project, session);
      else if (session !== null && text.isRollback(one)) await rollBack(project, session);
      else if (text.endsSession(one)) await endSession(project, session);
      else {
        const inside = session === null ? one : text.inSession(one, session.dataset);
        const id = i === last ? jobId : randomUUID();
        answer = await written(project, session, id, inside, rest);
        if (failed(answer)) {
          tell(inside, answer);
          // BigQuery ends a transaction whose statement has failed.
          if (session !== null) await rollBack(project, session);
          return answer;
        }
      }
    }
    answer ??= await statement(project, jobId, "select 1 as done", rest);
    // A script that leaves nothing open leaves no session either.
    if (session !== null && !lasting) await endSession(project, session);
    return session !== null && lasting ? withSession(answer, session.id) : answer;
  }

  async function endSession(project: string, session: BqSession | null): Promise<void> {
    if (session === null || !sessions.delete(session.id)) return;
    await rollBack(project, session);
    await json("DELETE", `/bigquery/v2/projects/${project}/datasets/${session.dataset}?deleteContents=true`);
  }

  function corrected(answer: Answer): Answer {
    if (answer.status === 500 && /already (created|exists)/i.test(answer.body.toString()))
      return error(409, "duplicate", "Already Exists");
    if (!String(answer.headers["content-type"]).includes("json")) return answer;
    const said = answer.body.toString();
    if (answer.status === 400 && /job \S+ is already created/.test(said))
      return error(409, "duplicate", "Already Exists: Job");
    const body: Json = JSON.parse(said);
    const trouble = body.error ?? body.status?.errorResult;
    if (trouble !== undefined && (trouble.errors?.[0]?.reason ?? trouble.reason) === "jobInternalError") {
      const message = String(trouble.message);
      const gone = /not found: (?!.*must)/i.test(message) && /table|dataset/i.test(message);
      return error(gone ? 404 : 400, gone ? "notFound" : "invalidQuery", message.replace(/^(failed to [\w ]+: )+/, ""));
    }
    // The emulator counts no bytes of what it has run, only of dry runs.
    if (body.jobComplete === true && !Number(body.totalBytesProcessed)) body.totalBytesProcessed = BYTES_A_QUERY;
    const id = body.jobReference?.jobId;
    const target = targets.get(id);
    const query = body.configuration?.query;
    if (query !== undefined && query.destinationTable === undefined && target !== undefined) {
      query.destinationTable = target;
    }
    const kind = kinds.get(id);
    if (kind !== undefined && body.statistics?.query) body.statistics.query.statementType = kind;
    return { ...answer, body: Buffer.from(JSON.stringify(body)) };
  }

  /** The last chunk makes the job, as BigQuery does. */
  async function uploaded(project: string, id: string, body: Buffer, range: string): Promise<Answer> {
    const upload = uploads.get(id);
    if (upload === undefined) return error(404, "notFound", "no such upload");
    const [, first, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(range) ?? [];
    const have = upload.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    // A chunk that is sent again takes the place of the first one.
    if (first !== undefined && Number(first) === have) upload.chunks.push(body);
    if (total === "*")
      return { status: 308, headers: { range: `bytes=0-${have + body.length - 1}` }, body: Buffer.alloc(0) };
    uploads.delete(id);
    const { metadata } = upload;
    const load = metadata.configuration.load;
    jobs.push(metadata.configuration);
    const sessionId = load.connectionProperties?.[0]?.value;
    delete load.connectionProperties;
    if (load.destinationTable.datasetId === "_SESSION") {
      load.destinationTable.datasetId = sessions.get(sessionId)?.dataset ?? "no_session";
    }
    const refused = completeLoad(load);
    if (refused !== null) return refused;
    // The emulator would empty the table and keep its columns.
    if (load.writeDisposition === "WRITE_TRUNCATE") await json("DELETE", tablePath(load.destinationTable));
    const sent = multipart(metadata, Buffer.concat(upload.chunks));
    const path = `/upload/bigquery/v2/projects/${project}/jobs?uploadType=multipart`;
    const loaded = corrected(await up("POST", path, sent.body, { "content-type": sent.contentType }));
    if (!failed(loaded)) return done(loaded);
    tell(JSON.stringify(metadata), loaded);
    return loaded;
  }

  async function answer(
    method: string,
    url: string,
    body: Buffer,
    headers: IncomingMessage["headers"],
  ): Promise<Answer> {
    const project = /\/projects\/([^/]+)\//.exec(url)?.[1] ?? "test";
    const path = url.split("?")[0] ?? "";
    if (method === "GET" && path.endsWith("/routines")) return ok({ routines: [] });
    const cancelled = /\/jobs\/([^/]+)\/cancel$/.exec(path)?.[1];
    if (cancelled !== undefined) {
      endless.get(cancelled)?.();
      endless.delete(cancelled);
      return ok({ job: { jobReference: { projectId: project, jobId: cancelled } } });
    }
    if (path.startsWith("/upload/") && method === "POST" && url.includes("uploadType=resumable")) {
      const id = randomUUID();
      uploads.set(id, { metadata: JSON.parse(body.toString()), chunks: [] });
      return ok({}, { location: `http://127.0.0.1:${port}${path}?uploadType=resumable&upload_id=${id}` });
    }
    const upload = /upload_id=([\w-]+)/.exec(url)?.[1];
    if (upload !== undefined) {
      return inTurn(() => uploaded(project, upload, body, String(headers["content-range"] ?? "bytes */*")));
    }
    if (method === "POST" && path.endsWith("/jobs") && !path.startsWith("/upload/")) {
      const job: Json = JSON.parse(body.toString());
      jobs.push(job.configuration);
      if (job.configuration?.query !== undefined) {
        return String(job.configuration.query.query).includes("/* endless */")
          ? queryJob(project, job)
          : inTurn(() => queryJob(project, job));
      }
    }
    if (method === "POST" && path.endsWith("/queries")) {
      const job: Json = JSON.parse(body.toString());
      stringly(job.queryParameters ?? []);
      return corrected(await up(method, url, Buffer.from(JSON.stringify(job)), headers));
    }
    return corrected(await up(method, url, body.length > 0 ? body : undefined, headers));
  }

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const [method, url] = [incoming.method ?? "GET", incoming.url ?? "/"];
    requests.push(`${method} ${url.split("?")[0]}`);
    const found = faults.find(({ fault, left }) => left > 0 && fault.matches(method, url, body.toString()));
    if (found !== undefined) {
      found.left -= 1;
      const wrong = found.fault.answer;
      if (typeof wrong === "object") return write(outgoing, error(wrong.status, wrong.reason, wrong.message));
      if (wrong === "late") await answer(method, url, body, incoming.headers);
      incoming.socket.destroy();
      return;
    }
    write(
      outgoing,
      await answer(method, url, body, incoming.headers).catch((cause: unknown) => error(500, "shim", String(cause))),
    );
  }

  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const { port } = address;
  await json("POST", "/bigquery/v2/projects/test/datasets", {
    datasetReference: { projectId: "test", datasetId: "shim_copies" },
  });
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    fail: (fault) => void faults.push({ fault, left: fault.times }),
    requests,
    jobs,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const tell = (asked: string, { body }: Answer): void => {
  if (process.env.MILLRACE_SHIM_LOG !== undefined) console.error(asked, "\n  →", body.toString());
};

const failed = ({ status }: Answer): boolean => status !== 200;
