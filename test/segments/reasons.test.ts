import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asOfText, type DbtDays, openDays } from "../support/dbt-days.ts";
import { makeSegmentProject, type SegmentProject } from "../support/segment-project.ts";

const rules = (times: number): string =>
  `segment: buyers\nwhere: { did: bought, times: { gte: ${times} }, within: 30 days }\n`;
const listed = (table: string): string =>
  `select profile_id from {{ ref('identity_component') }} where value in (select email from {{ source('raw', '${table}') }})\n`;

const files = {
  "millrace.yml": `project: shop
warehouse: { type: duckdb, path: ./w.duckdb }
dbt: { project: ./sql }
settings: { in_no_segment: { consent: unsubscribed, deletion: to_be_erased } }
`,
  "identity.yml": `identity:
  namespaces:
    email: { normalise: email, priority: 1, verified: true }
    user_id: { priority: 2 }
  sources:
    logins: { model: logins, key: n, at: at_time, identifiers: { email: email, user_id: user_id } }
  guards: { max_cluster: 8, learn_blocked_above: off, brake: off }
`,
  "events/shop.yml": `events:
  bought: { model: orders, key: n, at: at_time, arrived: at_time, profile: { user_id: user_id } }
`,
  "segments/buyers.yml": rules(2),
  "sql/models/logins.sql": "select * from {{ source('raw', 'logins') }}\n",
  "sql/models/orders.sql": "select * from {{ source('raw', 'orders') }}\n",
  "sql/models/unsubscribed.sql": listed("unsubscribed"),
  "sql/models/to_be_erased.sql": listed("to_be_erased"),
  "sql/models/sources.yml":
    "version: 2\nsources: [{ name: raw, schema: raw, tables: [{ name: logins }, { name: orders }, { name: unsubscribed }, { name: to_be_erased }] }]\n",
};

const at = (day: number): string => `timestamp '2026-03-${String(day).padStart(2, "0")} 12:00'`;

describe("why people enter and leave a segment, where identity says who they are", { timeout: 600_000 }, () => {
  let project: SegmentProject;
  let days: DbtDays;
  let n = 0;
  const login = (day: number, email: string, user: string): string =>
    `insert into raw.logins values (${n++}, ${at(day)}, '${email}@example.com', '${user}')`;
  const logout = (email: string, user: string): string =>
    `delete from raw.logins where email = '${email}@example.com' and user_id = '${user}'`;
  const order = (day: number, user: string, count = 1): string =>
    `insert into raw.orders select ${n++} * 10 + i, ${at(day)}, '${user}' from range(${count}) t(i)`;
  const build = async (day: number, ...before: string[]): Promise<void> => {
    const as_of = asOfText(Date.parse(`2026-03-${String(day + 1).padStart(2, "0")}T00:00:00Z`));
    const { failed } = await days.ask({ as_of, before, verb: "run", after: [] });
    expect(failed).toEqual([]);
  };
  /** Of the profile that began with an address: entered on, why; left on, why. */
  const stays = async (name: string) => {
    const [rows = []] =
      await days.query(`select strftime(m.entered_at, '%d'), entered_why, strftime(left_at, '%d'), left_why
      from analytics.segment_membership as m inner join analytics.profile as p on p.profile_id = m.profile_id
      where p.anchor_value = '${name}@example.com' order by 1, 3`);
    return rows;
  };

  beforeAll(async () => {
    project = await makeSegmentProject(files, "UTC");
    await project.compile();
    days = await openDays(project);
    const everybody = ["ann", "bob", "cid", "dan", "eve", "fay", "gus", "ivy", "jon", "kim", "lea"];
    await build(
      2,
      "create schema raw",
      "create table raw.logins (n integer, at_time timestamp, email varchar, user_id varchar)",
      "create table raw.orders (n integer, at_time timestamp, user_id varchar)",
      "create table raw.unsubscribed (email varchar)",
      "create table raw.to_be_erased (email varchar)",
      ...everybody.map((name) => login(1, name, name)),
      login(1, "gus", "gus2"),
      ...["ann", "bob", "fay", "gus", "gus2", "lea"].map((user) => order(1, user)),
      ...["cid", "dan", "eve", "ivy", "jon", "kim"].map((user) => order(1, user, 2)),
    );
    await build(
      5,
      login(4, "ann", "bob"), // two people with an order each are one with two
      login(4, "ivy", "jon"), // two buyers are one
      logout("gus", "gus2"), // one of the orders was somebody else's
      login(4, "hal", "gus2"),
      order(4, "fay"),
      "insert into raw.unsubscribed values ('cid@example.com')",
      "insert into raw.to_be_erased values ('kim@example.com')",
      logout("dan", "dan"),
      login(4, "lea", "lea2"), // a new device, and an order on it: nobody else's
      order(4, "lea2"),
    );
    await build(8, logout("ann", "bob"), logout("ivy", "jon")); // both were mistakes
    await project.write({ "segments/buyers.yml": rules(1) });
    await project.compile();
    await build(11);
    await project.write({ "segments/buyers.yml": rules(3) });
    await project.compile();
    await build(14);
  }, 600_000);

  afterAll(async () => {
    await days?.close();
    await project?.remove();
  });

  test("rule: they did more, or an identifier that was nobody's became theirs", async () => {
    expect((await stays("fay"))[0]).toEqual(["06", "rule", "15", "definition"]);
    expect((await stays("lea"))[0]).toEqual(["06", "rule", "15", "definition"]);
    expect((await stays("eve"))[0]).toEqual(["03", "rule", "15", "definition"]);
  });

  test("identity: a merge brought what another had done, and its end took that away", async () => {
    const merged = (await Promise.all(["ann", "bob"].map(stays))).map((rows) => rows.slice(0, -1));
    // Which of the two ids stays is for identity to say.
    expect(merged.filter((rows) => rows.length > 0)).toEqual([[["06", "identity", "09", "identity"]]]);
  });

  test("identity: of two members one became part of the other, and returned", async () => {
    const both = await Promise.all(["ivy", "jon"].map(stays));
    expect(both.sort((a, b) => a.length - b.length)).toEqual([
      [["03", "rule", "15", "definition"]],
      [
        ["03", "rule", "06", "identity"],
        ["09", "identity", "15", "definition"],
      ],
    ]);
  });

  test("identity: a split took what another had done", async () => {
    expect((await stays("gus"))[0]).toEqual(["03", "rule", "06", "identity"]);
  });

  test("definition: the segment says something else", async () => {
    expect((await stays("gus"))[1]).toEqual(["12", "definition", "15", "definition"]);
    expect(await stays("hal")).toEqual([["12", "definition", "15", "definition"]]);
  });

  test("consent, and deletion: listed, or gone with every record", async () => {
    expect(await stays("cid")).toEqual([["03", "rule", "06", "consent"]]);
    expect(await stays("kim")).toEqual([["03", "rule", "06", "deletion"]]);
    expect(await stays("dan")).toEqual([["03", "rule", "06", "deletion"]]);
  });
});
