import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IdentityLab, openIdentityLab } from "../support/identity-lab.ts";
import { assignment, build, declare } from "./stitching.ts";

const yaml = (web = "table: web"): string => `identity:
  namespaces:
    user_id: { priority: 1, verified: true }
    email: { priority: 2, normalise: email }
  sources:
    crm: { table: crm, key: id, at: seen, identifiers: { user_id: user_id, email: email }, traits: { first_name: first_name } }
    web: { ${web}, key: id, at: seen, identifiers: { user_id: user_id, email: email } }
  guards: { max_cluster: 50, brake: off }
`;

const published = [
  "select * from identity_component order by namespace, value",
  "select * from profile order by profile_id",
  "select * from identity_violation order by guard, namespace, value",
  "select * from profile_golden order by profile_id",
] as const;

describe("bad input of identity", () => {
  let lab: IdentityLab;
  const tables = async () => {
    const all = [];
    for (const query of published) all.push(await lab.sql(query));
    return all;
  };
  const told = async () => {
    const rows = await lab.sql("select guard, namespace, value, evidence from identity_violation order by guard");
    return rows.map(({ guard, namespace, value, evidence }) =>
      [guard, namespace, value, evidence].filter((each) => each !== null).join(" | "),
    );
  };
  /** The profile of every identifier of the people who stay as they are. */
  const others = async () => {
    const all = await assignment(lab);
    return ["user_id u1", "email ann@x.org", "record:crm 1", "user_id u2", "email bea@x.org"].map((name) =>
      all.get(name),
    );
  };
  let good: Awaited<ReturnType<typeof others>>;

  beforeAll(async () => {
    lab = await openIdentityLab({});
    await declare(lab, yaml());
    await lab.sql(
      "create table crm (id text, seen timestamp, user_id text, email text, first_name text)",
      "create table web (id integer, seen timestamp, user_id text, email text)",
      `insert into crm values
        ('1', '2025-01-01', 'u1', 'Ann@X.org', 'Ann'), ('2', '2025-01-01', 'u2', 'bea@x.org', 'Bea'),
        ('3', '2025-01-01', 'u3', 'cyd@x.org', 'Cyd'), ('4', '2025-01-01', 'u4', 'dan@x.org', 'Dan'),
        ('5', '2025-01-01', null, 'eve@x.org', 'Eve')`,
      "insert into web values (1, '2025-01-02', 'u1', ' ANN@x.ORG')",
    );
    await build(lab);
    good = await others();
  }, 240_000);
  afterAll(() => lab?.close());

  it("begins with people who are told apart, whatever the case of their letters, and with nothing to tell", async () => {
    expect(new Set(good).size).toBe(2);
    expect(good).not.toContain(undefined);
    expect(await told()).toEqual([]);
  });

  it("says which relation vanished, and what is published stays", async () => {
    const before = await tables();
    await lab.sql("alter table web rename to web_away");
    await expect(build(lab)).rejects.toThrow(/identity_record: error: .*[\s\S]*Table with name web does not exist/);
    expect(await tables()).toEqual(before);
    await lab.sql("alter table web_away rename to web");
  }, 180_000);

  it("refuses a source that is made from the profiles, and what is published stays", async () => {
    const before = await tables();
    await lab.write(
      "models/known.sql",
      "select 1 as id, now() as seen, value as user_id, null as email from {{ ref('identity_component') }}",
    );
    await declare(lab, yaml("model: known"));
    await expect(build(lab)).rejects.toThrow(/Found a cycle: .*known/);
    expect(await tables()).toEqual(before);
    await lab.write("models/known.sql", "select 1 as id");
    await declare(lab, yaml());
  }, 180_000);

  it("tells of records from the future, without identifiers and of one user with a thousand addresses, of look-alike letters and of keys given to others, and leaves all other profiles as they are", async () => {
    const before = await assignment(lab);
    await lab.sql(
      // a clock that is years ahead; nothing at all; Cyrillic а and full-width letters; a thousand addresses of one user
      `insert into web values
        (2, '2031-01-01', 'u2', null), (3, '2025-01-03', null, null), (4, '2025-01-03', ' ', ''),
        (5, '2025-01-03', null, 'аnn@x.org'), (6, '2025-01-03', 'u6', 'ａnn@x.org')`,
      "insert into web select 1000 + i, timestamp '2025-01-03', 'u4', 'n' || i || '@x.org' from range(1000) as r(i)",
      // key 3 is another person's now; key 5 has a new address only
      "update crm set user_id = 'u33', email = 'zoe@x.org', first_name = 'Zoe' where id = '3'",
      "update crm set email = 'eve@y.org' where id = '5'",
    );
    await build(lab);
    expect(await told()).toEqual([
      "from_future | web | 1 records",
      "key_reissued | crm | 1 keys whose identifiers are all others now, such as 3",
      expect.stringMatching(/^max_cluster \| /),
      "no_identifier | web | 3 records",
    ]);
    expect(await others()).toEqual(good);
    const after = await assignment(lab);
    expect([...after.keys()].filter((name) => name.endsWith("nn@x.org"))).toEqual(["email ann@x.org"]);
    expect(after.get("user_id u6")).not.toBe(after.get("email ann@x.org"));
    // the crowd has its last good assignment, and nobody new
    expect(after.get("user_id u4")).toBe(before.get("user_id u4"));
    expect(after.has("email n1@x.org")).toBe(false);
    // Cyd's profile is not Zoe's, and Eve is Eve
    expect([...after.values()]).not.toContain(before.get("user_id u3"));
    expect(after.get("record:crm 3")).toBe(after.get("user_id u33"));
    expect(after.get("email eve@y.org")).toBe(before.get("record:crm 5"));
    const [dated] = await lab.sql(
      "select last_seen < timestamp '2026-01-01' as past from identifier where value = 'u2'",
    );
    expect(dated).toEqual({ past: true });
  }, 180_000);

  it("gives Cyd's profile back when the key is theirs again, and tells of it", async () => {
    const [cyd] = await lab.sql("select profile_id, status from profile where anchor_value = 'u3'");
    expect(cyd?.status).toBe("erased");
    await lab.sql("update crm set user_id = 'u3', email = 'cyd@x.org', first_name = 'Cyd' where id = '3'");
    await build(lab);
    expect((await assignment(lab)).get("record:crm 3")).toBe(cyd?.profile_id);
    expect((await told()).filter((line) => line.startsWith("key_reissued"))).toHaveLength(1);
    await build(lab);
    expect((await told()).filter((line) => line.startsWith("key_reissued"))).toEqual([]);
  }, 180_000);
});
