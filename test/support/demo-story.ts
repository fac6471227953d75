import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { vi } from "vitest";
import { z } from "zod";
import { makeProject } from "../../src/commands/demo.ts";
import { run } from "../../src/commands/run.ts";
import { systemClock } from "../../src/core/clock.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { raw } from "../../src/warehouse/sql.ts";
import type { Loose } from "../e2e/cli.ts";
import { verbInProcess } from "./verb-in-process.ts";

/** What a warehouse is in a project, and the dbt that knows its engine. */
export interface DemoWarehouse {
  /** The lines below `warehouse:`, each indented by two. */
  readonly yaml: string;
  readonly dbt: string;
  /** Besides what this process's environment has. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Whether an order is in the seed: the shop's number of its customer, and its day, e.g. "2010-09-01". */
export type Slice = (customer: number, day: string) => boolean;

/** A sixth of the shop: enough that each guard of the demo has work, and the row that Salesforce refuses is in it. */
export const aSixth: Slice = (customer) => customer >= 14_100 && customer < 14_800;

/** What one run did and what stands where after it, without the ids and instants that no two projects share. */
export interface Chapter {
  readonly asOf: string;
  readonly exit: number;
  /** Status and counts by sync. */
  readonly runs: Readonly<Record<string, unknown>>;
  /** Rows of the warehouse, by what they tell. */
  readonly standing: Readonly<Record<string, readonly string[]>>;
  /** Rows of the destinations. */
  readonly destinations: Readonly<Record<string, readonly string[]>>;
}

/** A run, with or without a build before it. */
export interface Day {
  readonly asOf: string;
  readonly build: boolean;
}

export const twoDates: readonly Day[] = [
  { asOf: "2010-09-01", build: true },
  { asOf: "2010-12-01", build: true },
  { asOf: "2010-12-01", build: false },
];

const told = {
  "segment sizes": "select segment, entered, departed, size from analytics.segment_sizes order by segment, changed_at",
  members:
    "select m.segment, g.user_id, count(*) as times from analytics.segment_membership as m left join analytics.profile_golden as g on g.profile_id = m.profile_id where m.left_at is null group by m.segment, g.user_id",
  people: "select status, count(*) as n from analytics.profile group by status",
  "caught by guards":
    "select guard, namespace, count(*) as n from analytics.identity_violation group by guard, namespace",
} as const;

/**
 * The demo's project in a new folder, `warehouse:` alone changed: real orders up to each date built by dbt and sent to the sandbox,
 * what a guard held approved. Throws, with what was said, where a run or a model fails.
 */
export async function demoStory(
  dir: string,
  warehouse: ((dir: string) => DemoWarehouse) | null,
  slice: Slice | null = null,
  days: readonly Day[] = twoDates,
): Promise<readonly Chapter[]> {
  const sandbox = await startSandbox({
    port: 0,
    host: "127.0.0.1",
    dataDir: `${dir}-sandbox`,
    clock: systemClock,
    config: { klaviyo: { rate_factor: 100 } },
  });
  try {
    await makeProject(dir, Number(new URL(sandbox.url).port));
    if (slice !== null) cutSeed(dir, slice);
    if (warehouse !== null) {
      const { yaml, dbt, env = {} } = warehouse(dir);
      changeWarehouse(dir, yaml);
      for (const [name, value] of Object.entries({ ...env, MILLRACE_DBT: dbt })) vi.stubEnv(name, value);
    }
    const story: Chapter[] = [];
    for (const { asOf, build } of days) {
      const ran = await verbInProcess(dir, run([], { build }), undefined, { asOf });
      const runs: readonly Loose[] = ran.json.runs ?? [];
      if (runs.length === 0 || runs.some(({ status }) => status === "failed") || /dbt failed/.test(ran.stderr)) {
        throw new Error(`${asOf}: ${ran.stderr}\n${ran.stdout}`);
      }
      for (const { status, run_id: approve } of runs) {
        if (status === "held") await verbInProcess(dir, run([], { build: false, approve }));
      }
      story.push({
        asOf,
        exit: ran.exit,
        runs: Object.fromEntries(runs.map(({ sync, status, counts }) => [sync, { status, ...counts }])),
        standing: await standing(dir),
        destinations: await destinations(dir, sandbox.url),
      });
    }
    return story;
  } finally {
    vi.unstubAllEnvs();
    await sandbox.close();
  }
}

function cutSeed(dir: string, slice: Slice): void {
  const file = join(dir, "sql", "demo", "data", "online_retail_ii_2009_2010_orders.csv");
  const [head = "", ...rows] = readFileSync(file, "utf8").split("\n");
  const kept = rows.filter((row) => {
    const [customer = "", , at = ""] = row.split(",");
    return row !== "" && slice(Number(customer), at.slice(0, 10));
  });
  writeFileSync(file, `${[head, ...kept].join("\n")}\n`);
}

function changeWarehouse(dir: string, yaml: string): void {
  const file = join(dir, "millrace.yml");
  const text = readFileSync(file, "utf8");
  const changed = text.replace(/^warehouse:\n( {2}.*\n)+/m, () => `warehouse:\n${yaml.trimEnd()}\n`);
  if (changed === text) throw new Error("millrace.yml has no `warehouse:` to change");
  writeFileSync(file, changed);
}

const rowOf = z.record(z.string(), z.unknown());

/** Numbers as numbers: engines differ in whether a sum or a count is text. */
const plain = (value: unknown): unknown =>
  typeof value === "bigint" || (typeof value === "string" && /^-?\d+$/.test(value)) ? Number(value) : value;

const lines = (rows: readonly Readonly<Record<string, unknown>>[]): string[] =>
  rows.map((row) => JSON.stringify(Object.values(row).map(plain)));

async function standing(dir: string): Promise<Chapter["standing"]> {
  const found: Record<string, string[]> = {};
  await verbInProcess(dir, async ({ open }) => {
    const warehouse = await (await open()).warehouse();
    for (const [name, statement] of Object.entries(told)) {
      const rows = lines(await warehouse.session("read", (session) => session.query(raw(statement), rowOf)));
      found[name] = statement.includes("order by") ? rows : rows.toSorted();
    }
    return 0;
  });
  return found;
}

async function destinations(dir: string, sandbox: string): Promise<Chapter["destinations"]> {
  const state = (await (await fetch(`${sandbox}/_sandbox/state`)).json()) as Loose;
  const contacts: readonly Loose[] = Object.values(state.salesforce.objects.Contact);
  const profiles: readonly Loose[] = Object.values(state.klaviyo.profiles);
  const [lapsing] = Object.values<Loose>(state.klaviyo.lists);
  const texts = (rows: readonly unknown[]): string[] => rows.map((row) => JSON.stringify(row)).toSorted();
  return {
    salesforce: texts(contacts.map(({ Id, CreatedDate, LastModifiedDate, SystemModstamp, ...fields }) => fields)),
    klaviyo: texts(
      profiles.map(({ email, first_name, last_name, properties }) => ({ email, first_name, last_name, properties })),
    ),
    "klaviyo's list": texts(lapsing?.member_keys ?? []),
    "the file": readFileSync(join(dir, "exports", "lapsing.csv"), "utf8")
      .trimEnd()
      .split("\n")
      .map(comparable)
      .toSorted(),
  };
}

/** Without the profile's id; sums of money to the penny, as engines that add floats differ in their last digit. */
function comparable(line: string): string {
  const cells = line.split(",").slice(1);
  const money = Number(cells.at(-1));
  return [...cells.slice(0, -1), Number.isNaN(money) ? cells.at(-1) : money.toFixed(2)].join(",");
}
