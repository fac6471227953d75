import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Dbt } from "../../src/models/dbt.ts";
import { makeSegmentProject, type SegmentProject } from "../support/segment-project.ts";

const evil = `'); drop table people; -- {{ 1/0 }} {% do exceptions.raise_compiler_error("rendered") %} \\' "`;

const files = {
  "traits/people.yml": `traits:
  from: people
  profile: { user_id: id }
  age: { value: age, as: number }
  city: { value: city, as: text }
  name: { value: name, as: text }
`,
  "events/shop.yml": `events:
  bought: { model: purchases, key: n, at: at_time, profile: { user_id: id }, properties: { what: { column: what, type: text } } }
`,
  "segments/adults.yml": "segment: adults\nwhere: { trait: age, gte: 18 }\n",
  "segments/evil.yml": `segment: evil\ndescription: ${JSON.stringify(evil)}\nwhere: { any: [{ trait: name, eq: ${JSON.stringify(evil)} }, { trait: name, contains: ${JSON.stringify(evil)} }, { did: bought, where: { what: ${JSON.stringify(evil)} } }] }\n`,
  "segments/by_hand.yml": "segment: by_hand\nmodel: chosen\n",
  "segments/chosen.yml": "segment: chosen\nmodel: chosen\n",
  "segments/life.yml": `lifecycle: life
stages:
  fresh: { did: bought, within: 7 days }
  stale: { did: bought, within: 30 days }
  gone: { did: bought }
`,
  "sql/models/people.sql": "select * from {{ source('raw', 'people') }}\n",
  "sql/models/purchases.sql": "select * from {{ source('raw', 'purchases') }}\n",
  // Whom it lists twice, and whom no trait knows.
  "sql/models/chosen.sql": `select id as profile_id from {{ source('raw', 'people') }} where city = 'Bath'
union all select id from {{ source('raw', 'people') }} where id = 1 union all select 99\n`,
  "sql/models/unsubscribed.sql": "select id as profile_id from {{ source('raw', 'people') }} where city = 'Nowhere'\n",
  "sql/models/sources.yml":
    "version: 2\nsources: [{ name: raw, schema: raw, tables: [{ name: people }, { name: purchases }] }]\n",
};

describe("the history of segments, built by dbt day after day", { timeout: 600_000 }, () => {
  let project: SegmentProject;
  let dbt: Dbt;

  const sql = async (...statements: string[]): Promise<unknown[][]> => {
    const instance = await DuckDBInstance.create(project.database);
    const connection = await instance.connect();
    let rows: unknown[][] = [];
    for (const statement of statements) rows = (await connection.runAndReadAll(statement)).getRowsJson();
    connection.closeSync();
    instance.closeSync();
    return rows;
  };
  const build = async (day: string): Promise<void> => {
    const outcome = await dbt.build({ asOf: new Date(`${day}T00:00:00Z`) });
    expect(outcome.failed.map(({ uniqueId, message }) => `${uniqueId}: ${message}`)).toEqual([]);
  };
  const stays = (segment: string) =>
    sql(`select profile_id, strftime(entered_at, '%m-%d'), entered_why, strftime(left_at, '%m-%d'), left_why
      from analytics.segment_membership where segment = '${segment}' order by 1, 2`);

  beforeAll(async () => {
    project = await makeSegmentProject(files, "UTC");
    await project.write({
      "millrace.yml": `project: shop
warehouse: { type: duckdb, path: ./w.duckdb }
dbt: { project: ./sql }
settings: { in_no_segment: { consent: unsubscribed } }
`,
    });
    await project.compile();
    dbt = await project.dbt({ type: "duckdb", path: project.database, threads: 2 }, "duckdb");
    await sql(
      "create schema raw",
      "create table raw.people (id integer, age integer, city varchar, name varchar)",
      "create table raw.purchases (n integer, id integer, at_time timestamp, what varchar)",
      "insert into raw.people values (1, 17, 'Bath', 'Ann'), (2, 40, 'Ely', 'Bob'), (3, 50, 'Bath', 'Cid'), (4, 30, 'Ely', 'Dan')",
      `insert into raw.people values (5, 10, 'Ely', '${evil.replaceAll("'", "''")}')`,
      `insert into raw.purchases values (1, 2, '2026-03-01', 'tea'), (2, 3, '2026-03-02 12:00', '${evil.replaceAll("'", "''")}')`,
    );
    await build("2026-03-03");
    await sql(
      "update raw.people set age = 18 where id = 1", // grows up
      "update raw.people set city = 'Nowhere' where id = 3", // takes consent back
      "delete from raw.people where id = 4", // is gone with all rows
    );
    await build("2026-03-10");
    await build("2026-03-10"); // once more at the same instant
    await build("2026-03-05"); // and once at an earlier one
    await project.write({ "segments/adults.yml": "segment: adults\nwhere: { trait: age, gte: 21 }\n" });
    await project.compile();
    await build("2026-04-05");
  }, 600_000);

  afterAll(() => project?.remove());

  test("tells who entered when, who left when, and why", async () => {
    expect(await stays("adults")).toEqual([
      [1, "03-10", "rule", "04-05", "definition"],
      [2, "03-03", "rule", null, null],
      [3, "03-03", "rule", "03-10", "consent"],
      [4, "03-03", "rule", "03-10", "deletion"],
    ]);
  });

  test("keeps the history of a segment that is a dbt model", async () => {
    expect(await stays("by_hand")).toEqual([
      [1, "03-03", "rule", null, null],
      [3, "03-03", "rule", "03-10", "consent"],
    ]);
    expect(await sql("select profile_id, age, name from analytics.by_hand")).toEqual([[1, 18, "Ann"]]);
  });

  test("keeps the history of a dbt model of the segment's own name, whomever it lists", async () => {
    expect(await stays("chosen")).toEqual([
      [1, "03-03", "rule", null, null],
      [3, "03-03", "rule", "03-10", "consent"],
      [99, "03-03", "rule", null, null],
    ]);
  });

  test("takes a value that is SQL and Jinja for what it is: text", async () => {
    expect(await stays("evil")).toEqual([
      [3, "03-03", "rule", "03-10", "consent"],
      [5, "03-03", "rule", null, null],
    ]);
    expect(await sql("select count(*)::int from raw.people")).toEqual([[4]]);
  });

  test("answers who was in it on a day, and how long they stay, in one query each", async () => {
    const on = (day: string) =>
      sql(`select profile_id from analytics.segment_membership where segment = 'adults'
        and entered_at <= '${day}' and (left_at is null or left_at > '${day}') order by 1`);
    expect(await on("2026-03-04")).toEqual([[2], [3], [4]]);
    expect(await on("2026-03-20")).toEqual([[1], [2]]);
    expect(
      await sql(`select avg(date_diff('day', entered_at, left_at)) from analytics.segment_membership
        where segment = 'adults' and left_at is not null`),
    ).toEqual([[(26 + 7 + 7) / 3]]);
  });

  test("adds up to sizes over time, overlaps now, and flows through the life-cycle", async () => {
    expect(
      await sql(
        "select strftime(changed_at, '%m-%d'), entered::int, departed::int, size::int from analytics.segment_sizes where segment = 'adults' order by 1",
      ),
    ).toEqual([
      ["03-03", 3, 0, 3],
      ["03-10", 1, 2, 2],
      ["04-05", 0, 1, 1],
    ]);
    expect(
      await sql(
        "select strftime(moved_at, '%m-%d'), from_stage, to_stage, profiles::int from analytics.segment_lifecycle_flows order by 1, 2 nulls first, 3 nulls first",
      ),
    ).toEqual([
      ["03-03", null, "fresh", 2],
      ["03-10", "fresh", null, 1], // consent
      ["03-10", "fresh", "stale", 1],
      ["04-05", "stale", "gone", 1],
    ]);
    expect(await sql("select segment, other_segment, profiles::int from analytics.segment_overlap order by 1")).toEqual(
      [
        ["adults", "gone", 1],
        ["by_hand", "chosen", 1],
      ],
    );
    expect(
      await sql("select from_segment, to_segment from analytics.segment_flows where moved_at = '2026-04-05'"),
    ).toEqual([["stale", "gone"]]);
  });

  describe("asked by `millrace segment`", () => {
    const ask = async (...args: string[]): Promise<unknown> => {
      const cli = fileURLToPath(new URL("../../src/cli.ts", import.meta.url));
      const command = [cli, "segment", ...args, "--project", project.dir, "--as-of", "2026-04-05", "--json"];
      const { stdout } = await promisify(execFile)(process.execPath, command);
      return JSON.parse(stdout);
    };

    test("preview tells size, members and what removes most", async () => {
      await project.write({
        "segments/try.yml": `segment: try
where: { all: [{ trait: age, gte: 18 }, { did: bought, within: 60 days }, { trait: city, in: [Ely, Bath] }] }
`,
      });
      expect(await ask("preview", "try")).toEqual({
        segment: "try",
        profiles: 4,
        members: 1,
        conditions: [
          { condition: "age is at least 18", fulfilled_by: 3, keeps_out: 0 },
          { condition: "did bought in the last 60 days", fulfilled_by: 2, keeps_out: 1 },
          { condition: "city is one of Ely, Bath", fulfilled_by: 3, keeps_out: 0 },
        ],
        removes_most: "did bought in the last 60 days",
        sample: ["2"],
      });
    });

    test("explain gives each condition with the profile's own values, masked", async () => {
      expect(await ask("explain", "try", "3")).toEqual({
        segment: "try",
        found: true,
        profile: "3",
        member: false,
        allowed: false, // took consent back
        conditions: [
          { condition: "age is at least 18", holds: true, values: { age: 50 } },
          { condition: "did bought in the last 60 days", holds: true, values: { times: 1 } },
          { condition: "city is one of Ely, Bath", holds: false, values: { city: "N•••" } },
        ],
      });
      expect(await ask("explain", "try", "'; drop table raw.people; --")).toEqual({ segment: "try", found: false });
    });

    test("diff tells who would enter and leave", async () => {
      await project.write({ "earlier.yml": "segment: adults\nwhere: { trait: age, lt: 41 }\n" });
      expect(await ask("diff", "adults", "--against", "earlier.yml")).toEqual({
        segment: "adults",
        against: "earlier.yml",
        was: 3,
        becomes: 1,
        enters: 0,
        leaves: 2,
        entering: [],
        leaving: ["1", "5"],
      });
    });
  });
});
