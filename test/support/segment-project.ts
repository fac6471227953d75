import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stringify } from "csv-stringify/sync";
import { compileAll, differences, writeCompiled } from "../../src/commands/compiled.ts";
import { openProject } from "../../src/config/check.ts";
import { envFrom } from "../../src/config/env.ts";
import { hasErrors, renderFaults } from "../../src/config/fault.ts";
import type { Project } from "../../src/config/project.ts";
import { createDbt, type Dbt } from "../../src/models/dbt.ts";
import { findDbt } from "../../src/models/find-dbt.ts";
import { installDbt } from "../../src/models/install-dbt.ts";
import { packageRoot } from "../../src/models/package-root.ts";
import type { DbtWarehouse } from "../../src/models/profile.ts";
import { environment } from "../models/demo-project.ts";
import type { RandomWorld } from "./random-world.ts";

export type ProjectFiles = Readonly<Record<string, string>>;

export interface SegmentProject {
  readonly dir: string;
  readonly database: string;
  /** Reads the files again and writes what they compile to. */
  compile(): Promise<Project>;
  write(files: ProjectFiles): Promise<void>;
  /** `program`: another dbt than this environment's own. */
  dbt(warehouse: DbtWarehouse, name: string, program?: string): Promise<Dbt>;
  remove(): Promise<void>;
}

/** A project of Millrace with a dbt project in sql/, in a temporary folder. */
export async function makeSegmentProject(files: ProjectFiles, timeZone: string): Promise<SegmentProject> {
  const dir = await mkdtemp(join(tmpdir(), "millrace-segments-"));
  const database = join(dir, "w.duckdb");
  const write = async (all: ProjectFiles): Promise<void> => {
    for (const [path, text] of Object.entries(all)) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), text);
    }
  };
  await write({
    "millrace.yml": `project: shop\nwarehouse: { type: duckdb, path: ./w.duckdb }\ndbt: { project: ./sql }\nsettings: { timezone: ${timeZone} }\n`,
    "sql/dbt_project.yml":
      "{name: shop, profile: shop, config-version: 2, flags: {send_anonymous_usage_stats: false}}\n",
    "sql/packages.yml": `packages: [{local: "{{ env_var('MILLRACE_DBT_PACKAGE', '..') }}"}]\n`,
    ...files,
  });
  const env = environment();
  await installDbt({ root: packageRoot(), env });
  return {
    dir,
    database,
    write,
    async compile() {
      const project = openProject({ dir, env: undefined, connectors: {}, variables: envFrom({}) });
      const { faults } = project.declared();
      if (hasErrors(faults)) throw new Error(renderFaults(faults, { color: false }));
      await writeCompiled(join(dir, "sql"), await differences(join(dir, "sql"), compileAll(project)));
      return project;
    },
    async dbt(warehouse, name, other) {
      const program = await findDbt({ explicit: other, projectDir: dir, env });
      const projectDir = join(dir, "sql");
      return createDbt({
        program,
        projectDir,
        warehouse,
        stateDir: join(dir, `.${name}`),
        targetDir: join(dir, `target-${name}`),
        env,
      });
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

const stamp = (at: number | null): string =>
  at === null ? "" : new Date(at).toISOString().replace("T", " ").replace("Z", "");

/** What the engine calls a text and a 64-bit float. */
export interface TypeNames {
  readonly text: string;
  readonly double: string;
}

/** The world as seeds, with the events and traits that random rules speak of. */
export function worldFiles(
  { orders, views, people }: RandomWorld,
  { text, double }: TypeNames = { text: "text", double: "double precision" },
): ProjectFiles {
  const csv = (rows: readonly object[]): string =>
    stringify(rows as Record<string, unknown>[], { header: true, cast: { boolean: String } });
  return {
    "sql/seeds/orders.csv": csv(orders.map((row) => ({ ...row, ordered_at: stamp(row.ordered_at) }))),
    "sql/seeds/views.csv": csv(views.map((row) => ({ ...row, viewed_at: stamp(row.viewed_at) }))),
    "sql/seeds/people.csv": csv(
      people.map((row) => ({ ...row, joined_on: stamp(row.joined_on).slice(0, 10), seen_at: stamp(row.seen_at) })),
    ),
    "sql/seeds/seeds.yml": `version: 2
seeds:
  - name: orders
    config: { column_types: { ordered_at: timestamp, revenue: ${double}, channel: ${text}, customer_id: ${text} } }
  - name: views
    config: { column_types: { viewed_at: timestamp, visitor: ${text} } }
  - name: people
    config: { column_types: { customer_id: ${text}, age: integer, city: ${text}, joined_on: date, seen_at: timestamp, wants_mail: boolean } }
`,
    "events/shop.yml": `events:
  order_placed: { model: orders, key: order_id, at: ordered_at, profile: { user_id: customer_id }, properties: { revenue: { column: revenue, type: number }, channel: { column: channel, type: text } } }
  page_viewed: { model: views, where: { kind: page }, key: view_id, at: viewed_at, profile: { user_id: visitor } }
  cart_updated: { model: views, where: { kind: cart }, key: view_id, at: viewed_at, profile: { user_id: visitor } }
`,
    "traits/orders.yml": `traits:
  from: orders
  profile: { user_id: customer_id }
  at: ordered_at
  key: order_id
  order_count: { count: "*" }
  revenue_sum: { sum: revenue }
  revenue_90d: { sum: revenue, within: 90 days, default: 0 }
  first_order_on: { min: ordered_at, as: date }
  days_silent: { days_since: { max: ordered_at } }
  median_gap_days: { median_gap: ordered_at }
  last_channel: { last: channel, as: text }
  top_channel: { most_frequent: channel, as: text }
  channels: { distinct: channel }
  revenue_ratio: { ratio: [revenue_sum, order_count] }
`,
    "traits/views.yml": `traits:
  from: views
  profile: { user_id: visitor }
  at: viewed_at
  latest_view_at: { max: viewed_at, as: timestamp }
  cart_count: { count: "*", where: { kind: cart } }
`,
    "traits/people.yml": `traits:
  from: people
  profile: { user_id: customer_id }
  age: { value: age, as: number }
  city: { value: city, as: text }
  joined_on: { sql: "min(records.joined_on)", as: date }
  seen_at: { value: seen_at, as: timestamp }
  wants_mail: { sql: "max(case when records.wants_mail then 1 when not records.wants_mail then 0 end) = 1", as: boolean }
`,
  };
}
