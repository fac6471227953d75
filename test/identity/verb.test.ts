import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../e2e/cli.ts";
import { type IdentityLab, openIdentityLab } from "../support/identity-lab.ts";
import { type Database, freshDatabase } from "../support/postgres-database.ts";
import { assignment, build, declare, groups } from "./stitching.ts";

const yaml = `identity:
  namespaces:
    user_id: { priority: 1, verified: true }
    email: { priority: 2, normalise: email }
    device_id: { priority: 3 }
  sources:
    web: { table: web, key: id, at: seen, identifiers: { user_id: user_id, email: email, device_id: device_id } }
  guards: { max_cluster: off, brake: { merges: 20% } }
`;

describe("the verb identity, the brake and bad input, on Postgres", () => {
  let lab: IdentityLab;
  let database: Database;
  const verb = (...args: string[]) => runCli(["identity", ...args, "--project", lab.dir, "--show-values"]);

  beforeAll(async () => {
    database = await freshDatabase();
    lab = await openIdentityLab({}, database.url);
    await lab.write(
      "millrace.yml",
      `project: lab\nwarehouse: { type: postgres, url: "${database.url}" }\ndbt: { project: . }\nstore: ./store.sqlite\n`,
    );
    await declare(lab, yaml);
    await lab.sql(
      "create table web (id integer, seen timestamp, user_id text, email text, device_id text)",
      "insert into web values (1, '2025-01-01', null, 'a@x.org', 'd1'), (2, '2025-01-02', null, 'b@x.org', 'd1'), (3, '2025-01-03', 'u9', 'c@x.org', null)",
    );
    await build(lab);
  }, 120_000);
  afterAll(async () => {
    await lab?.close();
    await database?.remove();
  });

  it("explains two identifiers by the chain between them", async () => {
    const told = await verb("explain", "email:a@x.org", "email:b@x.org");
    expect(told.stderr).toBe("");
    expect(told.code).toBe(0);
    expect(told.stdout).toContain("one person, profile");
    expect(told.stdout).toContain("device_id d1 – email b@x.org: same_record of web, first 2025-01-02");
    // which end stands first is the order of the dictionary's numbers, and those have none
    expect(told.stdout).toMatch(
      /without (email a@x.org – device_id d1|device_id d1 – email a@x.org) they would be two/,
    );
    const apart = await verb("explain", "email:a@x.org", "user_id:u9");
    expect(apart.stdout).toContain("two people");
    expect((await verb("explain", "nonsense")).code).toBe(2);
  }, 240_000);

  it("reports what the run sent by stage, with the rows that the engine says it changed", async () => {
    const { stderr, stdout } = await verb("report");
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^run 1, as of .*; \d+ statements$/m);
    expect(stdout).toContain("\n  open records: 1 statement, 3 rows\n");
    expect(stdout).toMatch(/^ {2}read: \d+ statements$/m);
  }, 240_000);

  it("says of tables that an earlier Millrace made what brings them forward", async () => {
    await lab.sql(
      "alter table identity_state_version rename to version_away",
      "create table identity_state_version as select 1::bigint as version",
    );
    const told = await verb("report");
    expect(told.code).toBe(1);
    expect(told.stderr).toMatch(/IDENTITY_STATE_OLDER: The identity tables .*state version 1, .*needs 2/);
    expect(told.stderr).toContain("millrace build");
    await lab.sql("drop table identity_state_version");
    expect((await verb("report")).stderr).toContain("state version 0");
    await lab.sql("alter table version_away rename to identity_state_version");
    expect((await verb("report")).code).toBe(0);
  }, 240_000);

  it("holds a run that merges more than the brake allows, shows it, and publishes it when it is approved", async () => {
    const before = await assignment(lab);
    await lab.sql("insert into web values (4, '2025-01-04', 'u9', 'a@x.org', null)");
    await expect(build(lab)).rejects.toThrow(/IDENTITY_BRAKE: identity run 2 is held: 1 of 2 profiles would be merged/);
    expect(await assignment(lab)).toEqual(before);
    const shown = await verb("diff");
    expect(shown.stdout).toMatch(/^merge \S+ into \S+: same_record of web/);
    expect((await verb("approve", "7")).code).toBe(2);
    expect((await verb("approve", "2")).code).toBe(0);
    expect((await groups(lab))[0]).toHaveLength(5);
    const [{ n } = {}] = await lab.sql("select count(*) as n from profile_alias");
    expect(Number(n)).toBe(1);
  }, 240_000);

  it("publishes nothing when a source's key is not unique, and says which", async () => {
    const before = await assignment(lab);
    await lab.sql("insert into web values (1, '2025-01-09', 'u5', null, null)");
    await expect(build(lab)).rejects.toThrow(/IDENTITY_KEY_NOT_UNIQUE: .*source web: 1 row/);
    expect(await assignment(lab)).toEqual(before);
    await lab.sql("delete from web where user_id = 'u5'");
  }, 240_000);

  it("tells records without a key, without an identifier and from the future, and takes no date from the last", async () => {
    await lab.sql(
      "insert into web values (null, '2025-01-09', null, 'z@x.org', null), (8, '2031-01-01', null, 'y@x.org', null), (9, '2025-01-01', null, null, null)",
      "insert into web values (10, '2025-01-01', null, 'аnn@x.org', null)",
    );
    await build(lab);
    const told = await lab.sql("select guard, namespace, evidence from identity_violation order by guard");
    expect(told).toEqual([
      { guard: "from_future", namespace: "web", evidence: "1 records" },
      { guard: "no_identifier", namespace: "web", evidence: "2 records" },
      { guard: "null_key", namespace: "web", evidence: "1 records" },
    ]);
    const [dated] = await lab.sql("select last_seen from identifier where value = 'y@x.org'");
    expect(dated?.last_seen).toBeNull();
    // a Cyrillic letter that looks like an a: no identifier
    expect([...(await assignment(lab)).keys()].filter((name) => name.endsWith("nn@x.org"))).toEqual([]);
  }, 240_000);

  it("splits by a decision that says who and why", async () => {
    expect((await verb("split", "email:a@x.org", "email:b@x.org")).code).toBe(2);
    const decided = await verb("split", "email:a@x.org", "email:b@x.org", "--who", "ann", "--why", "siblings");
    expect(decided.code).toBe(0);
    await build(lab);
    const at = await assignment(lab);
    expect(at.get("email a@x.org")).not.toBe(at.get("email b@x.org"));
  }, 240_000);
});
