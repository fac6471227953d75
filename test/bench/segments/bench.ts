import { join } from "node:path";
import { stringify } from "yaml";
import { compileAll, differences, writeCompiled } from "../../../src/commands/compiled.ts";
import { daysOf } from "../../../src/config/span.ts";
import { choose } from "../../../src/segments/choose.ts";
import { compileSegments } from "../../../src/segments/compile-segments.ts";
import { openDbtDays } from "../../support/dbt-days.ts";
import { makeSegmentProject } from "../../support/segment-project.ts";
import type { Figure } from "../report.ts";

export interface SegmentsBenchOptions {
  readonly events: number;
  readonly profiles: number;
  readonly tell: (figure: Figure) => void;
}

const asOf = "2026-03-01 06:00:00.000000";
const tomorrow = "2026-03-02 06:00:00.000000";

type Condition = (i: number, event: string) => object;
type Split = typeof choose;

/** Most of a year's events, and one in thousands. */
const wide: Condition = (i, event) => ({
  did: event,
  times: { gte: 1 + (i % 5) },
  within: `${300 + i} days`,
  where: { amount: { gte: 2 * i } },
});
const narrow: Condition = (i, event) => ({
  did: event,
  within: `${30 + (i % 20)} days`,
  where: { kind: `k${i % 10}`, channel: `c${i % 8}` },
});
const sets: Readonly<Record<string, Condition>> = {
  "long windows": wide,
  selective: narrow,
  mixed: (i, event) => (i % 2 === 0 ? wide : narrow)(i, event),
};
const splits: Readonly<Record<string, Split>> = {
  "one by one": (patterns) => ({ shared: [], apart: patterns }),
  "one shared pass": (patterns) => ({ shared: patterns, apart: [] }),
  chosen: choose,
};
const names = Array.from({ length: 50 }, (_, i) => `s${i}`);

/** CPU of dbt building what fifty segments count, less what dbt itself takes to build a model of one row. */
export async function benchSegments({ events, profiles, tell }: SegmentsBenchOptions): Promise<void> {
  const bench = await openBench(events, profiles);
  try {
    for (const [name, condition] of Object.entries(sets)) await oneByOneOrShared(bench, name, condition, tell);
    await steadyState(bench, events, profiles, tell);
  } finally {
    await bench.close();
  }
}

type Bench = Awaited<ReturnType<typeof openBench>>;

async function oneByOneOrShared(bench: Bench, name: string, condition: Condition, tell: (figure: Figure) => void) {
  const cpu = new Map<string, number>();
  const members = new Set<string>();
  for (const [how, split] of Object.entries(splits)) {
    await bench.declare(condition, "event", split);
    const base = await bench.cpu(asOf, ["tiny"]);
    cpu.set(how, (await bench.cpu(asOf, ["event_counts__events", "event_counts__events_apart"])) - base);
    await bench.cpu(asOf, names);
    members.add(
      JSON.stringify(
        await bench.ask(names.map((each) => `select count(*), sum(hash(profile_id) % 1000003) from analytics.${each}`)),
      ),
    );
    tell({ what: `${name}: ${how}`, value: cpu.get(how) ?? 0, unit: "CPU-s" });
  }
  if (members.size !== 1) throw new Error(`${name}: the ways disagree on who is a member`);
  const of = (how: string): number => cpu.get(how) ?? Number.NaN;
  const cheaper = Math.min(of("one by one"), of("one shared pass"));
  tell({
    what: `${name}: chosen against the cheaper`,
    value: of("chosen") / cheaper,
    unit: "x",
    target: { most: 1.2 },
  });
  const least = name === "long windows" ? { target: { least: 1.7 } } : {};
  tell({ what: `${name}: one by one against chosen`, value: of("one by one") / of("chosen"), unit: "x", ...least });
}

/** A day on which one profile in a hundred has new events: counts and memberships brought up to date, against doing it all. */
async function steadyState(bench: Bench, events: number, profiles: number, tell: (figure: Figure) => void) {
  const counts = ["event_counts__events"];
  await bench.declare(sets["long windows"] ?? wide, "event_steady", choose);
  await bench.ask([], ["drop table if exists analytics.event_counts__events"]);
  const base = await bench.cpu(asOf, ["tiny"]);
  const full = (await bench.cpu(asOf, counts)) - base;
  await bench.cpu(asOf, names);
  const first = (await bench.cpu(asOf, ["segment_membership"])) - base;
  const hundredth = Math.round(profiles / 100);
  await bench.ask(
    [],
    [
      `insert into raw.events select ${events} + i, i * 100, timestamp '2026-03-02 01:00:00', 'k1', 'c1', 50,
      timestamp '2026-03-02 02:00:00' from range(${hundredth}) t(i)`,
    ],
  );
  const again = (await bench.cpu(tomorrow, counts)) - base;
  const [evaluated] = await bench.ask([
    `select count(*) from analytics.event_counts__events where evaluated_at = '${tomorrow}'`,
  ]);
  await bench.cpu(tomorrow, names);
  const update = (await bench.cpu(tomorrow, ["segment_membership"])) - base;
  tell({ what: "steady state: counts of everybody", value: full, unit: "CPU-s" });
  tell({
    what: "steady state: profiles evaluated again",
    value: (100 * Number(evaluated?.[0]?.[0])) / profiles,
    unit: "%",
  });
  tell({ what: "steady state: counts of those", value: again, unit: "CPU-s" });
  tell({ what: "steady state: everybody against those", value: full / again, unit: "x", target: { least: 5 } });
  tell({ what: "membership of fifty: computed and written at first", value: first, unit: "CPU-s" });
  tell({
    what: "membership of fifty: a day's update against that",
    value: update / first,
    unit: "x",
    target: { most: 1.5 },
  });
}

async function openBench(events: number, profiles: number) {
  const event = (name: string, arrived: string): string =>
    `  ${name}: { model: events, key: event_id, at: happened_at, profile: { user_id: customer_id }${arrived}, properties: { kind: { column: kind, type: text }, channel: { column: channel, type: text }, amount: { column: amount, type: number } } }\n`;
  const view = (table: string): string =>
    `{{ config(materialized='view') }}\nselect * from {{ source('raw', '${table}') }}\n`;
  const project = await makeSegmentProject(
    {
      "events/events.yml": `events:\n${event("event", "")}${event("event_steady", ", arrived: loaded_at")}`,
      "traits/people.yml": 'traits:\n  from: people\n  profile: { user_id: customer_id }\n  one: { count: "*" }\n',
      "sql/models/events.sql": view("events"),
      "sql/models/people.sql": view("people"),
      "sql/models/tiny.sql": "{{ config(materialized='table') }}\nselect 1 as one\n",
      "sql/models/sources.yml":
        "version: 2\nsources: [{ name: raw, schema: raw, tables: [{ name: events }, { name: people }] }]\n",
    },
    "UTC",
  );
  const dbt = await project.dbt({ type: "duckdb", path: project.database, threads: 2 }, "duckdb");
  await dbt.render("select 1", { asOf: new Date() });
  const days = await openDbtDays(project.dir, project.database, dbt.targetDir);
  const run = async (day: {
    as_of: string;
    before?: readonly string[];
    select: readonly string[];
    after?: readonly string[];
  }) => {
    const answer = await days.ask({ before: [], after: [], ...day });
    if (answer.failed.length > 0) throw new Error(answer.failed.join("\n"));
    return answer;
  };
  const time = `timestamp '2024-03-01' + to_seconds((i * 63072000.0 / ${events})::bigint)`;
  await run({
    as_of: asOf,
    select: ["tiny"],
    before: [
      "create schema raw",
      `create table raw.people as select i as customer_id from range(${profiles}) t(i)`,
      // In the order of time, as event tables are; two years of them.
      `create table raw.events as select i as event_id, (hash(i) % ${profiles})::bigint as customer_id, ${time} as happened_at,
        'k' || (hash(i + 1) % 10) as kind, 'c' || (hash(i + 2) % 8) as channel, (hash(i + 3) % 200)::integer as amount,
        ${time} as loaded_at from range(${events}) t(i)`,
    ],
  });
  let ready = false;
  return {
    async declare(condition: Condition, event: string, split: Split): Promise<void> {
      await project.write(
        Object.fromEntries(
          names.map((name, i) => [`segments/${name}.yml`, stringify({ segment: name, where: condition(i, event) })]),
        ),
      );
      const compiled = await project.compile();
      const dir = join(project.dir, "sql");
      const others = compileAll(compiled).filter(({ path }) => !path.startsWith("segments/"));
      const segments = compileSegments(compiled.declared().declarations, daysOf, split);
      await writeCompiled(dir, await differences(dir, [...others, ...segments]));
      // dbt parses what was declared anew; what follows is not to be charged with it.
      await run({ as_of: asOf, select: ["tiny"] });
      if (!ready) await run({ as_of: asOf, select: ["events", "people", "+profile_traits"] });
      ready = true;
    },
    ask: async (after: readonly string[], before: readonly string[] = []) =>
      (await run({ as_of: asOf, before, select: ["tiny"], after })).rows,
    cpu: async (at: string, select: readonly string[]): Promise<number> => (await run({ as_of: at, select })).cpu,
    async close() {
      await days.close();
      await project.remove();
    },
  };
}
