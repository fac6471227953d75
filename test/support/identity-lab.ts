import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { packageRoot } from "../../src/models/package-root.ts";

export type LabRow = Readonly<Record<string, unknown>>;

/** A dbt project that uses Millrace's package, on one engine, with a dbt that stays open. */
export interface IdentityLab {
  readonly dir: string;
  readonly engine: "duckdb" | "postgres" | "snowflake" | "bigquery";
  /** What stands before the name of a table of the tests where dbt's own connection has no default schema: "lab." or "". */
  readonly prefix: string;
  write(path: string, text: string): Promise<void>;
  /** Runs dbt. Throws, with its words, if it failed. */
  dbt(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  /** Rows of the last statement. */
  sql(...statements: readonly string[]): Promise<LabRow[]>;
  /** Ends dbt's process by SIGKILL, whatever it is at, and starts another: on DuckDB it is the one that holds the database. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

/** `cpu`: seconds of dbt's process, DuckDB's threads among them. */
export interface Ran {
  readonly log: string;
  readonly cpu: number;
}

interface Answer {
  readonly ok: boolean;
  readonly error: string | null;
  readonly log?: string;
  readonly cpu?: number;
  readonly rows?: LabRow[];
}

/** A stand-in of a cloud warehouse: what dbt's profile says of it, and what `dbt_server.py` is told to connect to. */
export interface CloudEngine {
  readonly engine: "snowflake" | "bigquery";
  /** Of an environment with the cloud's adapters. */
  readonly python: string;
  readonly profile: Readonly<Record<string, unknown>>;
  readonly connection: Readonly<Record<string, unknown>>;
  /** Where dbt and the tests keep their tables. */
  readonly dataset: string;
}

let everywhere: CloudEngine | undefined;

/** Every lab of this test file is opened there, and `identityEngines` names only this one. Before the tests are collected. */
export function useIdentityEngine(engine: CloudEngine): void {
  everywhere = engine;
}

/** What identity's tests run on: every test file on the first two, and by hand on a cloud's stand-in. */
export const identityEngines = (): readonly IdentityLab["engine"][] =>
  everywhere === undefined ? ["duckdb", "postgres"] : [everywhere.engine];

/** On DuckDB if no engine is named; otherwise in the Postgres database of that URL, or on that cloud warehouse. */
export async function openIdentityLab(
  files: Readonly<Record<string, string>>,
  on?: string | CloudEngine,
): Promise<IdentityLab> {
  const cloud = typeof on === "object" ? on : everywhere;
  const postgresUrl = typeof on === "string" ? on : undefined;
  const dir = await mkdtemp(join(tmpdir(), "millrace-identity-"));
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  };
  const database = join(dir, "w.duckdb");
  await write(
    "dbt_project.yml",
    "name: lab\nprofile: lab\nconfig-version: 2\nflags: {send_anonymous_usage_stats: false}\n",
  );
  await write("packages.yml", `packages: [{ local: ${join(packageRoot(), "sql")} }]\n`);
  await write("profiles.yml", cloud === undefined ? profile(database, postgresUrl) : cloudProfile(cloud));
  for (const [path, text] of Object.entries(files)) await write(path, text);

  const connection = cloud === undefined ? database : JSON.stringify({ [cloud.engine]: cloud.connection });
  const start = () =>
    spawn(
      cloud?.python ?? join(packageRoot(), ".venv", "bin", "python"),
      [join(packageRoot(), "test", "support", "dbt_server.py"), ...(postgresUrl === undefined ? [connection] : [])],
      { cwd: dir, stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, NO_COLOR: "1" } },
    );
  let server = start();
  let ask = conversation(server);
  const client = postgresUrl === undefined ? null : new pg.Client({ connectionString: postgresUrl });
  client?.on("error", () => undefined);
  await client?.connect();

  const lab: IdentityLab = {
    dir,
    engine: cloud?.engine ?? (postgresUrl === undefined ? "duckdb" : "postgres"),
    prefix: cloud?.engine === "bigquery" ? `${cloud.dataset}.` : "",
    write,
    async dbt(args, env = {}) {
      const where = ["--project-dir", dir, "--profiles-dir", dir];
      const { ok, error, log = "", cpu = 0 } = await ask({ dbt: [...args, ...where], env });
      if (!ok) throw new Error(`dbt ${args.join(" ")}: ${error ?? ""}\n${log.slice(-2_500)}`);
      return { log, cpu };
    },
    async sql(...statements) {
      if (client === null) {
        const spelled = lab.engine === "bigquery" ? statements.map(inBigQuery) : statements;
        const { ok, error, rows } = await ask({ sql: spelled });
        if (!ok) throw new Error(error ?? "");
        return rows ?? [];
      }
      let rows: LabRow[] = [];
      for (const statement of statements) rows = (await client.query<LabRow>(statement)).rows;
      return rows;
    },
    async crash() {
      const ended = new Promise((resolve) => server.once("close", resolve));
      server.kill("SIGKILL");
      await ended;
      server = start();
      ask = conversation(server);
    },
    async close() {
      await client?.end();
      server.stdin.end();
      if (server.exitCode === null) await new Promise((resolve) => server.once("exit", resolve));
      await rm(dir, { recursive: true, force: true });
    },
  };
  await lab.dbt(["deps", "--quiet"]);
  return lab;
}

function conversation(server: ChildProcess): (call: unknown) => Promise<Answer> {
  const { stdin, stdout, stderr } = server;
  if (stdin === null || stdout === null || stderr === null) throw new Error("no pipes");
  const said: string[] = [];
  stderr.on("data", (chunk: Buffer) =>
    said.splice(0, said.length, `${said.join("")}${chunk.toString()}`.slice(-4_000)),
  );
  const waiting: ((answer: Answer) => void)[] = [];
  createInterface({ input: stdout }).on("line", (line) => waiting.shift()?.(JSON.parse(line) as Answer));
  server.once("exit", () => {
    for (const answer of waiting) answer({ ok: false, error: `the dbt of the lab ended: ${said.join("")}` });
  });
  return (call) =>
    new Promise((resolve) => {
      waiting.push(resolve);
      stdin.write(`${JSON.stringify(call)}\n`);
    });
}

function profile(database: string, postgresUrl: string | undefined): string {
  if (postgresUrl === undefined)
    return `lab: {target: lab, outputs: {lab: {type: duckdb, path: "${database}", schema: main, threads: 1}}}\n`;
  const url = new URL(postgresUrl);
  const at = `host: ${url.hostname}, port: ${url.port}, user: ${url.username}, password: "${url.password}", dbname: "${url.pathname.slice(1)}"`;
  return `lab: {target: lab, outputs: {lab: {type: postgres, ${at}, schema: public, threads: 1}}}\n`;
}

const cloudProfile = ({ profile: output }: CloudEngine): string =>
  `lab: {target: lab, outputs: {lab: ${JSON.stringify({ ...output, threads: 1 })}}}\n`;

/** The tests' own statements: BigQuery has no `text`, and changes no whole table without being told so. */
const inBigQuery = (statement: string): string =>
  /^create table/i.test(statement)
    ? statement.replace(/\btext\b/g, "string")
    : /^(delete from|update) /i.test(statement) && !/ where /i.test(statement)
      ? `${statement} where true`
      : statement;
