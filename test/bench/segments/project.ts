import { join } from "node:path";
import { stringify } from "yaml";
import { compileAll, differences, writeCompiled } from "../../../src/commands/compiled.ts";
import { daysOf } from "../../../src/config/span.ts";
import type { choose } from "../../../src/segments/choose.ts";
import { compileSegments } from "../../../src/segments/compile-segments.ts";
import { type Answer, openDbtDays } from "../../support/dbt-days.ts";
import { makeSegmentProject } from "../../support/segment-project.ts";

export const asOf = "2026-03-01 06:00:00.000000";
export const tomorrow = "2026-03-02 06:00:00.000000";
/** Two years of events, a day of which are 0.14 %. */
const began = "2024-03-01";
const seconds = 63_072_000;

export type Condition = (i: number, event: string) => object;
export type Split = typeof choose;
/** How the events are declared: plainly, with when rows arrived, or with how much there is. */
export type EventName = "event" | "event_steady" | "event_measured";

export const segmentCount = 50;
export const segmentNames = Array.from({ length: segmentCount }, (_, i) => `s${i}`);

/** A model at a time, so that its statements are measured and nothing else; and without dbt's tests. */
const oneByOne = ["--threads", "1", "--exclude-resource-types", "test"];

export type Bench = Awaited<ReturnType<typeof openBench>>;

/** A project of fifty segments over a table of events in the order of time, in a DuckDB file. */
export async function openBench(events: number, profiles: number) {
  const event = (name: EventName, more: string, range: string): string =>
    `  ${name}: { model: events, key: event_id, at: happened_at, profile: { user_id: customer_id }${more}, properties: { kind: { column: kind, type: text }, channel: { column: channel, type: text }, amount: { column: amount, type: number${range} } } }\n`;
  const view = (table: string): string =>
    `{{ config(materialized='view') }}\nselect * from {{ source('raw', '${table}') }}\n`;
  const project = await makeSegmentProject(
    {
      "events/events.yml": `events:\n${event("event", "", "")}${event("event_steady", ", arrived: loaded_at", "")}${event("event_measured", `, volume: { rows: ${events}, profiles: ${profiles}, days: 730 }`, ", range: [0, 199]")}`,
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
  }): Promise<Answer> => {
    const answer = await days.ask({ before: [], after: [], ...day, select: [...day.select, ...oneByOne] });
    if (answer.failed.length > 0) throw new Error(answer.failed.join("\n"));
    return answer;
  };
  const time = `timestamp '${began}' + to_seconds((i * ${seconds}.0 / ${events})::bigint)`;
  await run({
    as_of: asOf,
    select: ["tiny"],
    before: [
      "create schema raw",
      `create table raw.people as select i as customer_id from range(${profiles}) t(i)`,
      `create table raw.events as select i as event_id, (hash(i) % ${profiles})::bigint as customer_id, ${time} as happened_at,
        'k' || (hash(i + 1) % 10) as kind, 'c' || (hash(i + 2) % 8) as channel, (hash(i + 3) % 200)::integer as amount,
        ${time} as loaded_at from range(${events}) t(i)`,
    ],
  });
  // Who is in which segment now, and nothing more: what history is held against.
  const members = `{{ config(materialized='table') }}\n${segmentNames
    .map((name) => `select '${name}' as segment, profile_id from {{ ref('${name}') }}`)
    .join("\nunion all\n")}\n`;
  /** CPU-seconds of DuckDB for building these models. */
  const cpu = async (at: string, select: readonly string[]): Promise<number> =>
    (await run({ as_of: at, select })).statements;
  let ready = false;
  return {
    /** Declares the fifty segments, compiles them, and has dbt parse them: what follows is not charged with it. */
    async declare(condition: Condition, event: EventName, split: Split): Promise<void> {
      const segmentFiles = segmentNames.map((name, i) => [
        `segments/${name}.yml`,
        stringify({ segment: name, where: condition(i, event) }),
      ]);
      await project.write({ ...Object.fromEntries(segmentFiles), "sql/models/members.sql": members });
      const compiled = await project.compile();
      const dir = join(project.dir, "sql");
      const others = compileAll(compiled).filter(({ path }) => !path.startsWith("segments/"));
      const segments = compileSegments(compiled.declared().declarations, daysOf, split);
      await writeCompiled(dir, await differences(dir, [...others, ...segments]));
      await run({ as_of: asOf, select: ready ? ["tiny"] : ["events", "people", "+profile_traits"] });
      ready = true;
    },
    ask: async (after: readonly string[], before: readonly string[] = []): Promise<Answer["rows"]> =>
      (await run({ as_of: asOf, before, select: ["tiny"], after })).rows,
    cpu,
    /** The least of three, but for what takes so long that chance has no share in it. Only for what a second build makes anew. */
    async leastCpu(at: string, select: readonly string[]): Promise<number> {
      const first = await cpu(at, select);
      if (first > 10) return first;
      return Math.min(first, await cpu(at, select), await cpu(at, select));
    },
    async close(): Promise<void> {
      await days.close();
      await project.remove();
    },
  };
}
