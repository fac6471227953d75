import { asOfText, openDays } from "./dbt-days.ts";
import { choices } from "./random-world.ts";
import { makeSegmentProject } from "./segment-project.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The same traits and patterns twice over one table: read by its changes, and read whole in every build. */
const traits = (prefix: string, arrived: string): string => `traits:
  from: orders
  profile: { user_id: customer_id }
  at: ordered_at
  key: order_id
${arrived}  ${prefix}_count: { count: "*" }
  ${prefix}_week: { sum: revenue, within: 7 days }
  ${prefix}_month: { count: "*", within: 1 month, where: { channel: web } }
  ${prefix}_last: { last: channel, as: text }
  ${prefix}_top: { most_frequent: channel, as: text }
  ${prefix}_gap: { median_gap: ordered_at }
  ${prefix}_silent: { days_since: { max: ordered_at } }
`;
const event = (name: string, arrived: string): string =>
  `  ${name}: { model: orders, key: order_id, at: ordered_at, profile: { user_id: customer_id }, properties: { revenue: { column: revenue, type: number } }${arrived} }\n`;
const segment = (name: string, prefix: string, ordered: string): string => `segment: ${name}
where:
  any:
    - { did: ${ordered}, within: 7 days, times: { gte: 2 } }
    - { did: ${ordered}, within: 6 hours }
    - all: [{ did: ${ordered}, within: 1 month, where: { revenue: { gte: 50 } } }, { trait: ${prefix}_silent, gte: 3 }, { did_not: ${ordered}, within: 48 hours }]
`;

const compared = ["count", "week", "month", "last", "top", "gap", "silent"];
const differences = [
  `select count(*) from analytics.profile_traits where ${compared.map((name) => `whole_${name} is distinct from steady_${name}`).join(" or ")}`,
  "select count(*) from (select profile_id from analytics.whole_rules) a full join (select profile_id from analytics.steady_rules) b using (profile_id) where a.profile_id is null or b.profile_id is null",
  "select count(*) from analytics.profile_traits",
  "select count(*) from analytics.steady_rules",
  "select count(*) from analytics.traits__steady where evaluated_at = (select max(evaluated_at) from analytics.traits__steady)",
  "select count(*) from (select profile_id, entered_at, left_at from analytics.segment_membership where segment = 'whole_rules') a full join (select profile_id, entered_at, left_at from analytics.segment_membership where segment = 'steady_rules') b on a.profile_id = b.profile_id and a.entered_at = b.entered_at and a.left_at is not distinct from b.left_at where a.profile_id is null or b.profile_id is null",
];

export interface SteadyDay {
  readonly day: string;
  readonly failed: readonly string[];
  readonly traitsDiffer: number;
  readonly membersDiffer: number;
  readonly historyDiffers: number;
  readonly profiles: number;
  readonly members: number;
  /** Profiles whose traits were computed again. */
  readonly evaluated: number;
}

/** Simulates days from early March 2026 in London, across the change of the clocks: new, late, future and changed rows; missed days; a day back. */
export async function steadyDays(days: number, seed: number): Promise<SteadyDay[]> {
  const arrived = "  arrived: loaded_at\n";
  const project = await makeSegmentProject(
    {
      "traits/whole.yml": traits("whole", ""),
      "traits/steady.yml": traits("steady", arrived),
      "events/shop.yml": `events:\n${event("ordered_whole", "")}${event("ordered_steady", ", arrived: loaded_at")}`,
      "segments/whole.yml": segment("whole_rules", "whole", "ordered_whole"),
      "segments/steady.yml": segment("steady_rules", "steady", "ordered_steady"),
      "sql/models/orders.sql": "select * from {{ source('raw', 'orders') }}\n",
      "sql/models/sources.yml": "version: 2\nsources: [{ name: raw, schema: raw, tables: [{ name: orders }] }]\n",
    },
    "Europe/London",
  );
  try {
    await project.compile();
    const random = choices(seed);
    const start = Date.parse("2026-03-05T06:00:00Z");
    let next = 0;
    const row = (asOf: number, at: number): string =>
      `('o${next++}', 'p${random.below(300)}', ${stamp(at)}, ${random.below(200)}, ${random.of(["'web'", "'shop'", "null"])}, ${stamp(asOf)})`;
    const rowsOf = (asOf: number): string[] => {
      const rows = Array.from({ length: 6 }, () =>
        row(asOf - random.below(3) * hourMs, asOf - random.below(24) * hourMs),
      );
      for (let i = 0; i < 3; i++)
        rows.push(row(asOf - random.below(6) * hourMs, asOf - random.below(60) * dayMs - random.below(24) * hourMs));
      if (random.chance(0.3)) rows.push(row(asOf, asOf + random.below(72) * hourMs));
      return rows;
    };
    const first = Array.from({ length: 900 }, () =>
      row(start - dayMs, start - random.below(70) * dayMs - random.below(24 * 60) * 60_000),
    );
    const worker = await openDays(project);
    const told: SteadyDay[] = [];
    let asOf = start;
    for (let day = 0; day < days; day++) {
      const before =
        day === 0
          ? [
              "create schema raw",
              "create table raw.orders (order_id varchar, customer_id varchar, ordered_at timestamp, revenue integer, channel varchar, loaded_at timestamp)",
              insert([...first, ...rowsOf(asOf)]),
            ]
          : [
              insert(rowsOf(asOf)),
              `update raw.orders set revenue = revenue + 60, loaded_at = ${stamp(asOf)} where order_id = 'o${random.below(next)}'`,
            ];
      const answer = await worker.ask({
        as_of: asOfText(asOf),
        before,
        after: differences,
      });
      const [traitsDiffer = -1, membersDiffer = -1, profiles = -1, members = -1, evaluated = -1, historyDiffers = -1] =
        answer.rows.map((rows) => Number(rows[0]?.[0]));
      told.push({
        day: new Date(asOf).toISOString(),
        failed: answer.failed,
        traitsDiffer,
        membersDiffer,
        historyDiffers,
        profiles,
        members,
        evaluated,
      });
      if (answer.failed.length > 0) break;
      // Now and then nobody builds for three days, builds twice within hours, or builds for an earlier instant.
      asOf += random.of([dayMs, dayMs, dayMs, dayMs, dayMs, 3 * dayMs, 5 * hourMs, -7 * hourMs]);
    }
    await worker.close();
    return told;
  } finally {
    await project.remove();
  }
}

const insert = (rows: readonly string[]): string => `insert into raw.orders values ${rows.join(", ")}`;
const stamp = (at: number): string => `'${new Date(at).toISOString().replace("T", " ").replace("Z", "")}'`;
