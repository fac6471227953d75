import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { publishedNames } from "../../src/identity/published-models.ts";
import { readManifest, relationOf, selectionFor } from "../../src/models/artifacts.ts";
import type { BuildOutcome } from "../../src/models/dbt.ts";
import type { DbtEvent } from "../../src/models/dbt-event.ts";
import { membershipModels } from "../../src/segments/names.ts";
import { type DemoProject, makeDemoProject } from "./demo-project.ts";

const FIRST = new Date("2010-09-01T00:00:00Z");
const SECOND = new Date("2010-12-01T00:00:00Z");
const AFTER_ALL_ORDERS = new Date("2011-01-01T00:00:00Z");

/** Segment member → what a destination would be told about it. */
type Members = ReadonlyMap<string, string>;

describe("the demo's dbt project, built by dbt", { timeout: 180_000 }, () => {
  let demo: DemoProject;
  const events: DbtEvent[] = [];
  const outcomes: BuildOutcome[] = [];
  const people: unknown[] = [];
  const vips: Members[] = [];
  const lapsing: Members[] = [];

  const counts = `
    select
      (select count(*) from analytics.identity_record)::int,
      (select count(*) from analytics.profile where status = 'active')::int,
      (select count(*) from analytics.profile_golden where user_id is not null)::int,
      (select count(*) from analytics.profile_alias)::int`;

  async function members(segment: string): Promise<Members> {
    const sql = `select profile_id::varchar, concat_ws('|', contact_email, lifetime_value, order_count) from analytics.${segment}`;
    return new Map((await demo.rows(sql)).map(([id, content]) => [String(id), String(content)]));
  }

  beforeAll(async () => {
    demo = await makeDemoProject();
    for (const asOf of [FIRST, SECOND]) {
      const onEvent = asOf === FIRST ? (event: DbtEvent) => events.push(event) : () => undefined;
      outcomes.push(
        await demo.dbt.build({
          asOf,
          onEvent,
          select: selectionFor(["vip_customers", "lapsing", ...membershipModels, ...publishedNames]),
        }),
      );
      people.push((await demo.rows(counts))[0]);
      vips.push(await members("vip_customers"));
      lapsing.push(await members("lapsing"));
    }
  }, 180_000);

  afterAll(() => demo?.remove());

  test("every model, seed and test succeeds, with an event for each", () => {
    for (const outcome of outcomes) expect(outcome).toMatchObject({ ok: true, failed: [] });
    const finished = events.filter((event) => event.kind === "node");
    expect(finished.map((event) => event.uniqueId).sort()).toEqual(outcomes[0]?.results.map((r) => r.uniqueId).sort());
    expect(events).toContainEqual({ kind: "planned", total: finished.length });
    expect(finished).toContainEqual(expect.objectContaining({ name: "profile_traits", status: "success" }));
  });

  test("packages are installed once and a new instant does not make dbt read the project again", async () => {
    expect(events.filter((event) => event.kind === "phase").map((event) => event.phase)).toEqual(["deps", "build"]);
    const log = await readFile(join(demo.projectDir, "logs", "dbt.log"), "utf8");
    expect(log.match(/"name": "MainReportVersion"/g)).toHaveLength(3);
    expect(log.match(/"name": "PartialParsingSkipParsing"/g)).toHaveLength(1);
    expect(log).not.toContain('"name": "PartialParsingFile"');
  });

  test("three months later each segment has gained, changed and lost members", () => {
    const [vipsBefore, vipsAfter] = vips;
    const [lapsingBefore, lapsingAfter] = lapsing;
    expect(difference(vipsBefore, vipsAfter)).toEqual({
      before: 405,
      added: 307,
      changed: 366,
      removed: 7,
      after: 705,
    });
    expect(difference(lapsingBefore, lapsingAfter)).toEqual({
      before: 208,
      added: 175,
      changed: 12,
      removed: 121,
      after: 262,
    });
  });

  test("records of three sources become profiles, one per customer, and strangers that log in are merged", async () => {
    expect(people).toEqual([
      [9942, 4211, 3393, 0],
      [13_588, 5282, 4336, 138],
    ]);
    const causes = await demo.rows(
      "select cause, count(*)::int from analytics.profile_lineage where event = 'merge' and run = 2 group by cause order by 2",
    );
    expect(causes).toEqual([["same_record of web: device_id – user_id", 138]]);
    // what the demo shows of it: a browser that logged in after the first act
    const history = (value: string) =>
      demo.rows(
        `select profile_id, cause from analytics.identifier_profile_history where value = '${value}' order by valid_from`,
      );
    const [[own, born] = [], [joined, cause] = []] = await history("mobile-12530");
    expect([born, cause]).toEqual(["new", "merge"]);
    expect(await history("milan.12530@example.com")).toEqual([[joined, "new"]]);
    expect(own).not.toBe(joined);
  });

  test("guards keep strangers apart: a shared tablet, a filler address, two accounts at one computer", async () => {
    const told = await demo.rows(
      "select guard, namespace, count(*)::int, min(value), min(evidence) from analytics.identity_violation group by all order by guard",
    );
    expect(told).toEqual([
      ["blocked_value", "email", 1, "info@example.com", "listed in identity.yml"],
      ["fan_out", "device_id", 1, "fair-tablet", "seen with 30 values of email, limit 3"],
      ["limited", "device_id", 41, "home-12400", "seen with what may be 2 people: it goes with one of them"],
    ]);
    const [[most] = []] = await demo.rows(
      "select max(n)::int from (select count(*) as n from analytics.identity_component group by profile_id)",
    );
    expect(most).toBe(8);
  });

  test("one address among the VIPs is malformed, on both dates", () => {
    for (const segment of vips) {
      const malformed = [...segment.values()].filter((content) => !/^[a-z]+\.\d+@example\.com\|/.test(content));
      expect(malformed).toEqual([expect.stringMatching(/^not-an-email\|/)]);
    }
  });

  test("with all orders there are 4,383 customers, and revenue is net of 4,372 credit notes", async () => {
    const outcome = await demo.dbt.build({ asOf: AFTER_ALL_ORDERS });
    expect(outcome.ok).toBe(true);
    const manifest = await readManifest(outcome.targetDir);
    expect(relationOf(manifest, "profile_traits")).toEqual({
      database: "warehouse",
      schema: "analytics",
      name: "profile_traits",
    });
    expect(
      await demo.rows(`
        select
          (select count(*) from analytics.profile_traits where user_id is not null)::int,
          (select sum(order_count) from analytics.profile_traits)::int,
          (select sum(credit_note_count) from analytics.profile_traits)::int,
          (select sum(lifetime_value) from analytics.profile_traits)::varchar,
          (select count(*) from analytics.orders where (order_type = 'credit_note') <> (order_id like 'C%'))::int`),
    ).toEqual([[4383, 19_215, 4372, "8348208.56", 0]]);
  });
});

function difference(before: Members | undefined, after: Members | undefined) {
  const [old, now] = [before ?? new Map(), after ?? new Map()];
  const stayed = [...old.keys()].filter((key) => now.has(key));
  return {
    before: old.size,
    added: now.size - stayed.length,
    changed: stayed.filter((key) => old.get(key) !== now.get(key)).length,
    removed: old.size - stayed.length,
    after: now.size,
  };
}
