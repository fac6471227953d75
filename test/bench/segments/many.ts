import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { compileAll } from "../../../src/commands/compiled.ts";
import { checkProject } from "../../../src/config/check.ts";
import { envFrom } from "../../../src/config/env.ts";
import { findDbt } from "../../../src/models/find-dbt.ts";
import { dbtPackageDir } from "../../../src/models/package-root.ts";
import { environment } from "../../models/demo-project.ts";
import { makeSegmentProject } from "../../support/segment-project.ts";
import type { Figure } from "../report.ts";

/** A rule of four conditions: a trait, events of a window, one of two, not another segment. */
const segment = (i: number): string => `segment: s${i}
description: Number ${i}
where:
  all:
    - { trait: order_count, gte: ${i % 7} }
    - { did: bought, within: ${1 + (i % 365)} days, where: { amount: { gte: ${i % 50} } } }
    - any: [{ trait: country, in: [A, B${i % 20}] }, { did_not: bought, within: 30 days }]
${i === 0 ? "" : `    - not: { segment: s${i - 1} }\n`}`;

/** The same by hand: a model a segment, with its refs, and not a macro in it. */
const byHand = (i: number): string => `{{ config(materialized='view') }}

with profiles as (
    select * from {{ ref('profile_traits') }}
),

buyers as (
    select customer_id
    from {{ ref('purchases') }}
    where bought_at >= current_timestamp - interval '${1 + (i % 365)} days' and amount >= ${i % 50}
),

recent as (
    select customer_id
    from {{ ref('purchases') }}
    where bought_at >= current_timestamp - interval '30 days'
)

select profiles.*
from profiles
where
    profiles.order_count >= ${i % 7}
    and profiles.profile_id in (select customer_id from buyers)
    and (profiles.country in ('A', 'B${i % 20}') or profiles.profile_id not in (select customer_id from recent))
${i === 0 ? "" : `    and profiles.profile_id not in (select profile_id from {{ ref('s${i - 1}') }})\n`}`;

/** Models that can be built as of another day, as compiled ones can; dbt has to render them. */
const asOf = "cast('{{ var('as_of', run_started_at) }}' as timestamp)";

const rounds = 5;

const isSegment = ({ name }: { readonly name: string }): boolean => /^s\d+$/.test(name);

/** A thousand segments: what checking them costs, and dbt's parse of what they compile to against as many models written by hand. */
export async function benchMany(count: number, tell: (figure: Figure) => void): Promise<void> {
  const shared = {
    "sql/models/purchases.sql": "select 1 as customer_id\n",
    "traits/t.yml":
      'traits: { from: purchases, profile: { user_id: customer_id }, at: bought_at, order_count: { count: "*" }, country: { last: country, as: text } }\n',
    "events/e.yml":
      "events: { bought: { model: purchases, key: id, at: bought_at, profile: { user_id: customer_id }, properties: { amount: { column: amount, type: number } } } }\n",
  };
  const numbers = Array.from({ length: count }, (_, i) => i);
  const compiled = await makeSegmentProject(
    { ...shared, ...Object.fromEntries(numbers.map((i) => [`segments/s${i}.yml`, segment(i)])) },
    "UTC",
  );
  const hand = await makeSegmentProject(shared, "UTC");
  try {
    const begun = process.cpuUsage();
    const { faults } = checkProject({ dir: compiled.dir, env: undefined, connectors: {}, variables: envFrom({}) });
    const { user, system } = process.cpuUsage(begun);
    if (faults.length > 0) throw new Error(`check found ${faults.length} faults`);
    tell({ what: `check of ${count} segments`, value: (user + system) / 1e6, unit: "CPU-s", target: { most: 2 } });

    const files = compileAll(await compiled.compile()).filter(({ path }) => path.endsWith(".sql"));
    const lines = files.filter(({ path }) => /\/s\d+\.sql$/.test(path)).map(({ text }) => text.split("\n").length);
    tell({ what: "the longest segment's SQL, lines", value: Math.max(...lines), unit: "rows", target: { most: 60 } });

    await hand.compile();
    // As many models as compile makes, described and tested as those are.
    const own = numbers.map((i) => [`sql/models/by_hand/s${i}.sql`, byHand(i)]);
    const beside =
      files.length - count - compileAll(await hand.compile()).filter(({ path }) => path.endsWith(".sql")).length;
    const more = Array.from({ length: Math.max(0, beside) }, (_, i) => [
      `sql/models/by_hand/more_${i}.sql`,
      byHand(i).replace(`{{ ref('s${i - 1}') }}`, `{{ ref('s${i}') }}`),
    ]);
    const names = [...own, ...more].map(([path = ""]) => path.slice(path.lastIndexOf("/") + 1, -4));
    const properties = compileAll(await compiled.compile()).find(({ path }) => path === "segments/segments.yml");
    const said = z
      .object({ models: z.array(z.looseObject({ name: z.string() })) })
      .parse(parse(properties?.text ?? ""));
    const [segments, others] = [said.models.filter(isSegment), said.models.filter((model) => !isSegment(model))];
    const described = [...segments, ...others].map((model, i) => ({ ...model, name: names[i] ?? "" }));
    await hand.write({
      ...Object.fromEntries([...own, ...more]),
      "sql/models/by_hand/by_hand.yml": stringify({ version: 2, models: described }),
    });

    const parsed = [await parsing(compiled), await parsing(hand)] as const;
    // The cheapest of several each, in turn: a machine with other work is never the same twice.
    const cpu = Array.from({ length: rounds }, () => parsed.map((once) => once()));
    const [ours = Number.NaN, theirs = Number.NaN] = parsed.map((_, i) =>
      Math.min(...cpu.map((one) => one[i] ?? Number.NaN)),
    );
    tell({ what: `dbt parse of the ${files.length} compiled models`, value: ours, unit: "CPU-s" });
    tell({ what: "dbt parse of as many models by hand", value: theirs, unit: "CPU-s" });
    tell({ what: "parse: compiled against by hand", value: ours / theirs, unit: "x", target: { most: 1 } });

    await hand.write(
      Object.fromEntries(
        [...own, ...more].map(([path = "", text = ""]) => [path, text.replaceAll("current_timestamp", asOf)]),
      ),
    );
    const instants = parsed[1]();
    tell({ what: "dbt parse of the same by hand, each at the run's instant", value: instants, unit: "CPU-s" });
    tell({ what: "parse: compiled against by hand at the run's instant", value: ours / instants, unit: "x" });
  } finally {
    await compiled.remove();
    await hand.remove();
  }
}

/** CPU-seconds of one cold parse. */
async function parsing(project: Awaited<ReturnType<typeof makeSegmentProject>>): Promise<() => number> {
  const dbt = await project.dbt({ type: "duckdb", path: project.database, threads: 2 }, "duckdb");
  await dbt.render("select 1", { asOf: new Date() });
  const env = environment();
  const program = await findDbt({ projectDir: project.dir, env });
  const dir = join(project.dir, "sql");
  const script = [
    "import resource, sys",
    "from dbt.cli.main import dbtRunner",
    "result = dbtRunner().invoke(['parse', '--no-partial-parse', '--quiet', '--project-dir', sys.argv[1], '--profiles-dir', sys.argv[2], '--target', 'millrace', '--target-path', sys.argv[3]])",
    "used = resource.getrusage(resource.RUSAGE_SELF)",
    "print(used.ru_utime + used.ru_stime, len([node for node in result.result.nodes.values() if node.resource_type == 'model']))",
  ].join("\n");
  return () => {
    const target = join(project.dir, "target-parse");
    const { stdout, stderr, status } = spawnSync(
      program.python,
      ["-c", script, dir, join(project.dir, ".duckdb", "dbt"), target],
      {
        encoding: "utf8",
        env: { ...env, MILLRACE_DBT_PACKAGE: dbtPackageDir(), DBT_SEND_ANONYMOUS_USAGE_STATS: "false" },
      },
    );
    if (status !== 0) throw new Error(`dbt could not parse: ${stderr.slice(-500)}${stdout.slice(-500)}`);
    return Number(stdout.trim().split(/\s+/).at(-2));
  };
}
