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
  readonly engine: "duckdb" | "postgres";
  write(path: string, text: string): Promise<void>;
  /** Runs dbt. Throws, with its words, if it failed. */
  dbt(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  /** Rows of the last statement. */
  sql(...statements: readonly string[]): Promise<LabRow[]>;
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

/** On DuckDB without `postgresUrl`; the database of that URL otherwise. */
export async function openIdentityLab(
  files: Readonly<Record<string, string>>,
  postgresUrl?: string,
): Promise<IdentityLab> {
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
  await write("profiles.yml", profile(database, postgresUrl));
  for (const [path, text] of Object.entries(files)) await write(path, text);

  const server = spawn(
    join(packageRoot(), ".venv", "bin", "python"),
    [join(packageRoot(), "test", "support", "dbt_server.py"), ...(postgresUrl === undefined ? [database] : [])],
    { cwd: dir, stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, NO_COLOR: "1" } },
  );
  const ask = conversation(server);
  const client = postgresUrl === undefined ? null : new pg.Client({ connectionString: postgresUrl });
  client?.on("error", () => undefined);
  await client?.connect();

  const lab: IdentityLab = {
    dir,
    engine: postgresUrl === undefined ? "duckdb" : "postgres",
    write,
    async dbt(args, env = {}) {
      const where = ["--project-dir", dir, "--profiles-dir", dir];
      const { ok, error, log = "", cpu = 0 } = await ask({ dbt: [...args, ...where], env });
      if (!ok) throw new Error(`dbt ${args.join(" ")}: ${error ?? ""}\n${log.slice(-2_500)}`);
      return { log, cpu };
    },
    async sql(...statements) {
      if (client === null) {
        const { ok, error, rows } = await ask({ sql: statements });
        if (!ok) throw new Error(error ?? "");
        return rows ?? [];
      }
      let rows: LabRow[] = [];
      for (const statement of statements) rows = (await client.query<LabRow>(statement)).rows;
      return rows;
    },
    async close() {
      await client?.end();
      server.stdin?.end();
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
