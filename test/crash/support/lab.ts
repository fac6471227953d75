import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SandboxConfigInput } from "../../../src/sandbox/config.ts";
import { type Ended, type Started, startCommand } from "./command-line.ts";
import { readStore, type StoreView } from "./control-store.ts";
import { type SandboxProcess, spawnSandbox } from "./sandbox.ts";
import type { Scenario } from "./scenarios.ts";
import { type Cells, inWarehouse } from "./warehouse-file.ts";

/** A project of one sync, `people`, with its own warehouse, store and sandbox, in a temporary folder. */
export interface Lab {
  readonly scenario: Scenario;
  readonly dir: string;
  readonly storeFile: string;
  readonly warehouseFile: string;
  readonly sandbox: SandboxProcess;
  start(...args: readonly string[]): Started;
  run(...args: readonly string[]): Promise<Ended>;
  /** With limits of the shell's `ulimit`, e.g. "-f 700": no file beyond 700 KB. */
  startLimited(limits: string, ...args: readonly string[]): Started;
  store(): StoreView;
  /** Statements on the warehouse as its owner; the last one's rows. */
  sql(...statements: readonly string[]): Promise<Cells[]>;
  /** Waits until the store, seen from outside, is as wanted, and the process still lives. */
  until(command: Started, what: string, wanted: (view: StoreView) => boolean): Promise<StoreView>;
  close(): Promise<void>;
}

/** `run --no-build`: the tables are made by hand. */
export const runArgs = ["run", "--no-build"] as const;

/** Gold, e.g. `pe7@example.com`, unless told otherwise. */
export const peopleTable = (rows: number): string =>
  `create or replace table people as
    select i as id, 'p' || i || '@example.com' as email, 'Person ' || i as name, 'gold' as tier from range(1, ${rows + 1}) t(i)`;

export async function openLab(
  scenario: Scenario,
  o: { readonly rows: number; readonly guard?: string; readonly sandbox?: SandboxConfigInput },
): Promise<Lab> {
  const dir = await mkdtemp(join(tmpdir(), "millrace-crash-"));
  const sandbox = await spawnSandbox(join(dir, "requests.jsonl"), { ...scenario.sandbox, ...o.sandbox });
  const storeFile = join(dir, ".millrace", "store.sqlite");
  const warehouseFile = join(dir, "warehouse.duckdb");
  const guard = o.guard ?? "{ max_removed: 100%, max_changed: 100% }";
  await mkdir(join(dir, "syncs"));
  await writeFile(
    join(dir, "millrace.yml"),
    `project: crash
warehouse: { type: duckdb, path: ./warehouse.duckdb, threads: 1 }
store: ./.millrace/store.sqlite
accounts:
  ${scenario.account(sandbox.url)}
`,
  );
  await writeFile(
    join(dir, "syncs", "people.yml"),
    `sync: people
table: main.people
key: id
guard: ${guard}
${scenario.sync}
`,
  );
  const alive = new Set<Started>();
  const startLimited = (limits: string, ...args: readonly string[]): Started => {
    const command = startCommand(dir, args, limits);
    alive.add(command);
    void command.ended.then(() => alive.delete(command));
    return command;
  };
  const start = (...args: readonly string[]): Started => startLimited("", ...args);
  const lab: Lab = {
    scenario,
    dir,
    storeFile,
    warehouseFile,
    sandbox,
    start,
    startLimited,
    run: (...args) => start(...args).ended,
    store: () => readStore(storeFile),
    sql: (...statements) =>
      inWarehouse(warehouseFile, "READ_WRITE", async (query) => {
        let rows: Cells[] = [];
        for (const statement of statements) rows = await query(statement);
        return rows;
      }),
    async until(command, what, wanted) {
      let view = lab.store();
      let ended: Ended | null = null;
      void command.ended.then((how) => (ended = how));
      const deadline = performance.now() + 60_000;
      while (!wanted(view)) {
        if (ended !== null) throw new Error(`ended before ${what}: ${JSON.stringify(ended)}`);
        if (performance.now() > deadline) throw new Error(`waited in vain for ${what}: ${JSON.stringify(view)}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        view = lab.store();
      }
      return view;
    },
    async close() {
      for (const command of alive) await command.kill();
      await sandbox.close();
      if (existsSync(dir)) await rm(dir, { recursive: true, maxRetries: 3 });
    },
  };
  await lab.sql(peopleTable(o.rows));
  return lab;
}
