import { asOfText, openDays } from "./dbt-days.ts";
import { type Choices, choices } from "./random-world.ts";
import { makeSegmentProject, type ProjectFiles } from "./segment-project.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const people = 300;

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
/** Only some of the rows: one that changes may fall out of them. */
const ofDear = (prefix: string, arrived: string): string => `traits:
  from: orders
  profile: { user_id: customer_id }
  at: ordered_at
  where: { revenue: { gte: 190 } }
${arrived}  ${prefix}_dear: { sum: revenue, within: 1 month }
`;
const event = (name: string, arrived: string, model = "orders"): string =>
  `  ${name}: { model: ${model}, key: order_id, at: ordered_at, profile: { user_id: customer_id }, properties: { revenue: { column: revenue, type: number } }${arrived} }\n`;
/** Of dear orders every pattern takes only some rows: the others are not counted at all. */
const segment = (name: string, prefix: string, ordered: string, dear: string): string => `segment: ${name}
where:
  any:
    - { did: ${ordered}, within: 7 days, times: { gte: 2 } }
    - { did: ${ordered}, within: 6 hours }
    - all: [{ did: ${ordered}, within: 1 month, where: { revenue: { gte: 50 } } }, { trait: ${prefix}_silent, gte: 3 }, { did_not: ${ordered}, within: 48 hours }]
    - all: [{ did: ${dear}, within: 1 month, where: { revenue: { gte: 120 } } }, { did: ${dear}, where: { revenue: { gte: 180 } } }]
`;

const arrivals = "  arrived: loaded_at\n";
const sources = (tables: readonly string[]): string =>
  `version: 2\nsources: [{ name: raw, schema: raw, tables: [${tables.map((name) => `{ name: ${name} }`).join(", ")}] }]\n`;
const files: ProjectFiles = {
  "traits/whole.yml": traits("whole", ""),
  "traits/steady.yml": traits("steady", arrivals),
  "traits/dear_whole.yml": ofDear("whole", ""),
  "traits/dear_steady.yml": ofDear("steady", arrivals),
  "events/shop.yml": `events:\n${event("ordered_whole", "")}${event("ordered_steady", ", arrived: loaded_at")}${event("dear_whole", "", "dear_orders")}${event("dear_steady", ", arrived: loaded_at", "dear_orders")}`,
  "segments/whole.yml": segment("whole_rules", "whole", "ordered_whole", "dear_whole"),
  "segments/steady.yml": segment("steady_rules", "steady", "ordered_steady", "dear_steady"),
  "sql/models/orders.sql": "select * from {{ source('raw', 'orders') }}\n",
  "sql/models/dear_orders.sql": "select * from {{ source('raw', 'orders') }}\n",
  "sql/models/sources.yml": sources(["orders"]),
};
/** Orders lead to people through logins: an email with a user id. Of more than two people together a guard makes a quarantine. */
const identityFiles: ProjectFiles = {
  "identity.yml": `identity:
  namespaces:
    email: { normalise: email, priority: 1, verified: true }
    user_id: { priority: 2 }
  sources:
    logins: { model: logins, key: login_id, at: seen_at, identifiers: { email: email, user_id: user_id } }
  guards: { max_cluster: 5, learn_blocked_above: off, brake: off }
`,
  "sql/models/logins.sql": "select * from {{ source('raw', 'logins') }}\n",
  "sql/models/sources.yml": sources(["orders", "logins"]),
};

const compared = ["count", "week", "month", "last", "top", "gap", "silent", "dear"];
const stays = (name: string): string =>
  `(select profile_id, entered_at, left_at, entered_why, left_why from analytics.segment_membership where segment = '${name}_rules')`;
const open = "(select segment, profile_id from analytics.segment_membership where left_at is null)";
const listed =
  "(select 'whole_rules' as segment, profile_id from analytics.whole_rules union all select 'steady_rules', profile_id from analytics.steady_rules)";
/** The build of the flags before the last that changed the history. */
const read =
  "(select coalesce(max(flags_build), 0) from analytics.segment_membership where flags_build < (select max(flags_build) from analytics.segment_membership))";
const differences = {
  traitsDiffer: `select count(*) from analytics.profile_traits where ${compared.map((name) => `whole_${name} is distinct from steady_${name}`).join(" or ")}`,
  membersDiffer:
    "select count(*) from (select profile_id from analytics.whole_rules) a full join (select profile_id from analytics.steady_rules) b on a.profile_id = b.profile_id where a.profile_id is null or b.profile_id is null",
  historyDiffers: `select count(*) from ((select * from ${stays("whole")} a except all select * from ${stays("steady")} b) union all (select * from ${stays("steady")} c except all select * from ${stays("whole")} d)) as differing`,
  openDiffer: `select count(*) from ((select * from ${open} a except all select * from ${listed} b) union all (select * from ${listed} c except all select * from ${open} d)) as differing`,
  flagged: "select count(*) from analytics.segment_flags",
  flagsChanged: `select count(*) from analytics.segment_flags where flags_build > ${read}`,
  profiles: "select count(*) from analytics.profile_traits",
  members: "select count(*) from analytics.steady_rules",
  evaluated:
    "select count(*) from analytics.traits__steady where evaluated_at = (select max(evaluated_at) from analytics.traits__steady)",
} as const;
/** What identity did in all, and whether the history's reasons say what identity's own log of merges and splits says. */
const identityDid = `select
  (select count(*) from analytics.profile_lineage where event = 'merge'),
  (select count(*) from analytics.profile_lineage where event = 'split'),
  (select count(*) from analytics.profile_change where change = 'quarantine'),
  (select count(*) from analytics.segment_membership where entered_why = 'identity'),
  (select count(*) from analytics.segment_membership where left_why = 'identity')`;

export interface SteadyDay extends Readonly<Record<keyof typeof differences, number>> {
  readonly day: string;
  /** Nothing becomes of it in a build that ends before it, or that stands at an earlier instant than one before. */
  readonly history: "updated" | "left";
  readonly failed: readonly string[];
}

export interface SteadyDays {
  readonly days: readonly SteadyDay[];
  /** Merges, splits, quarantines; stays that began and ended because of them. */
  readonly identity: readonly number[];
}

/**
 * Simulates days from early March 2026 in London, across the change of the clocks: new, late, future and changed rows; missed days; a
 * day back; builds that end half-way. `resolved`: through identity, which merges, splits and holds back people meanwhile.
 */
export async function steadyDays(
  days: number,
  seed: number,
  profiles: "plain" | "resolved",
  postgresUrl?: string,
): Promise<SteadyDays> {
  const resolved = profiles === "resolved";
  const project = await makeSegmentProject({ ...files, ...(resolved && identityFiles) }, "Europe/London");
  try {
    await project.compile();
    const random = choices(seed);
    const start = Date.parse("2026-03-05T06:00:00Z");
    let next = 0;
    const row = (asOf: number, at: number): string =>
      `('o${next++}', 'p${random.below(people)}', ${stamp(at)}, ${random.below(200)}, ${random.of(["'web'", "'shop'", "null"])}, ${stamp(asOf)})`;
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
    const logins = loginsOf(random);
    const worker = await openDays(project, postgresUrl);
    const told: SteadyDay[] = [];
    let asOf = start;
    let latest = 0;
    for (let day = 0; day < days; day++) {
      // Every third build is killed before it reaches the history; and once what tells whose memberships changed is lost.
      const killed = day % 3 === 1;
      const lost = day === 5 ? ["drop table analytics.segment_flags"] : [];
      const before =
        day === 0
          ? [
              "create schema raw",
              "create table raw.orders (order_id varchar, customer_id varchar, ordered_at timestamp, revenue integer, channel varchar, loaded_at timestamp)",
              insert("orders", [...first, ...rowsOf(asOf)]),
              ...(resolved ? logins.first(asOf) : []),
            ]
          : [
              ...lost,
              insert("orders", rowsOf(asOf)),
              `update raw.orders set revenue = (revenue + 60) % 200, loaded_at = ${stamp(asOf)} where order_id in ('o${random.below(next)}', 'o${random.below(next)}', 'o${random.below(next)}')`,
              ...(resolved ? logins.ofDay(asOf) : []),
            ];
      const answer = await worker.ask({
        as_of: asOfText(asOf),
        before,
        ...(killed && { select: ["path:models", "--exclude", "segment_membership+"] }),
        verb: day === 0 ? "build" : "run",
        after: Object.values(differences),
      });
      const counts = Object.keys(differences).map((name, i) => [name, Number(answer.rows[i]?.[0]?.[0] ?? -1)]);
      const history = killed || asOf < latest ? "left" : "updated";
      if (history === "updated") latest = asOf;
      told.push({ day: new Date(asOf).toISOString(), history, failed: answer.failed, ...Object.fromEntries(counts) });
      if (answer.failed.length > 0) break;
      // Now and then nobody builds for three days, builds twice within hours, or builds for an earlier instant.
      asOf += random.of([dayMs, dayMs, dayMs, dayMs, dayMs, 3 * dayMs, 5 * hourMs, -7 * hourMs]);
    }
    const [[did = []] = []] = resolved ? await worker.query(identityDid) : [];
    await worker.close();
    return { days: told, identity: did.map(Number) };
  } finally {
    await project.remove();
  }
}

/** Who logged in as whom: at first most by themselves, then day by day some with another's id, and some logins are taken back. */
function loginsOf(random: Choices) {
  let next = 0;
  const crossed: number[] = [];
  const login = (asOf: number, email: number, user: number): string =>
    `(${next++}, ${stamp(asOf)}, 'p${email}@example.com', 'p${user}')`;
  return {
    first: (asOf: number): string[] => [
      "create table raw.logins (login_id integer, seen_at timestamp, email varchar, user_id varchar)",
      insert(
        "logins",
        Array.from({ length: people - 40 }, (_, i) => login(asOf, i, i)),
      ),
    ],
    ofDay(asOf: number): string[] {
      const rows: string[] = [];
      for (let i = 0; i < 5; i++) {
        crossed.push(next);
        // Among fifty people, so that some meet a third one.
        rows.push(login(asOf, random.below(50), random.below(50)));
      }
      const unknown = people - 40 + random.below(40);
      rows.push(login(asOf, unknown, unknown));
      const back = crossed.splice(random.below(crossed.length), 1).concat(crossed.splice(0, 2));
      const lost = people / 2 + random.below(50);
      return [
        `delete from raw.logins where login_id in (${back.join(", ")}) or user_id = 'p${lost}'`,
        insert("logins", rows),
      ];
    },
  };
}

const insert = (table: string, rows: readonly string[]): string => `insert into raw.${table} values ${rows.join(", ")}`;
const stamp = (at: number): string => `'${new Date(at).toISOString().replace("T", " ").replace("Z", "")}'`;
