import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IdentityLab, identityEngines, openIdentityLab } from "../support/identity-lab.ts";
import { type Database, freshDatabase } from "../support/postgres-database.ts";
import { assignment, build, declare, readRecords } from "./stitching.ts";

interface Declared {
  readonly brake?: string;
  readonly traits?: string;
}

const yaml = ({ brake = "off", traits = "first_name: first_name" }: Declared = {}): string => `identity:
  namespaces:
    user_id: { priority: 1, verified: true }
    email: { priority: 2, normalise: email }
  sources:
    crm: { table: crm, key: id, at: seen, identifiers: { user_id: user_id, email: email }, traits: { ${traits} } }
    web: { table: web, key: id, at: seen, identifiers: { user_id: user_id, email: email } }
  guards: { brake: ${brake} }
`;

describe.each(identityEngines())("records read on %s", (engine) => {
  let lab: IdentityLab;
  let database: Database | undefined;
  /** "source key" of what the newest run read, and the run's count of records that mean something new to identity. */
  const readNow = async (): Promise<{ keys: string[]; changed: number }> => {
    const rows = await lab.sql(
      "select source, coalesce(record_key, '-') as record_key from identity_state_reading where from_run = (select max(run) from identity_state_run)",
    );
    const [{ changed_records } = {}] = await lab.sql(
      "select changed_records from identity_state_run where run = (select max(run) from identity_state_run)",
    );
    return {
      keys: rows.map(({ source, record_key }) => `${String(source)} ${String(record_key)}`).sort(),
      changed: Number(changed_records),
    };
  };
  const all = async () => [await readRecords(lab), await assignment(lab)];
  const likeAFullRun = async () => {
    const found = await all();
    await build(lab, { args: ["--full-refresh"] });
    expect(await all()).toEqual(found);
  };

  beforeAll(async () => {
    database = engine === "postgres" ? await freshDatabase() : undefined;
    lab = await openIdentityLab({}, database?.url);
    await declare(lab, yaml());
    await lab.sql(
      // three columns that nobody declares, named as what reading puts beside the declared ones
      "create table crm (id numeric(6, 2), seen timestamp, user_id text, email text, first_name text, city text, reading_key text, reading_fp text, reading_kept text)",
      "create table web (id integer, seen timestamp, user_id text, email text)",
      `insert into crm (id, seen, user_id, email, first_name, city) values
        (1, timestamp '2025-01-01', 'u1', 'Ann@X.org', 'Ann', 'Bath'), (2, timestamp '2025-01-01', 'u2', null, 'Bea', 'York'),
        (3, timestamp '2025-01-01', null, 'cyd@x.org', 'Cyd', null)`,
      `insert into web values (1, timestamp '2025-01-02', 'u1', ' ANN@x.ORG'), (2, timestamp '2025-01-02', 'u2', 'bea@x.org'),
        (3, timestamp '2026-03-01', null, 'cyd@x.org'), (null, timestamp '2025-01-02', 'u9', null)`,
    );
    await build(lab);
  }, 240_000);
  afterAll(async () => {
    await lab?.close();
    await database?.remove();
  });

  it("are those that came or changed; those without a key come anew, and what is gone is gone", async () => {
    await lab.sql(
      "update crm set first_name = 'Anna' where id = 1",
      "update crm set email = '' where id = 2",
      "delete from web where id = 1",
      "insert into web values (4, timestamp '2025-01-03', 'u1', 'bea@x.org')",
    );
    await build(lab);
    // '' is not NULL, and means the same to identity; a name means nothing to it
    expect(await readNow()).toEqual({ keys: ["crm 1.00", "crm 2.00", "web -", "web 4"], changed: 2 });
    const records = await readRecords(lab);
    expect(records).toHaveLength(7);
    expect(records.filter((record) => record.includes("Anna"))).toHaveLength(1);
    expect((await assignment(lab)).has("email ann@x.org")).toBe(true);
    await lab.sql("delete from crm where id = 1");
    await build(lab);
    expect(await readNow()).toEqual({ keys: ["web -"], changed: 1 });
    expect((await assignment(lab)).has("email ann@x.org")).toBe(false);
  }, 240_000);

  it("are read again once their instant is no longer to come", async () => {
    const last = "select last_seen from identifier where value = 'cyd@x.org'";
    const [before] = await lab.sql(last);
    await build(lab, { asOf: "2026-04-01 00:00:00" });
    expect(await readNow()).toEqual({ keys: ["web -", "web 3"], changed: 1 });
    expect(await lab.sql(last)).not.toEqual([before]);
    await build(lab);
    expect(await lab.sql(last)).toEqual([before]);
  }, 240_000);

  it("are all read again when a normaliser is another one", async () => {
    const everybody = ["crm 2.00", "crm 3.00", "web -", "web 2", "web 3", "web 4"];
    const path = "macros/normalise_email.sql";
    const of = (value: string) =>
      `{% macro default__normalise_email(expression, drop_dots, drop_tag) -%}${value}{%- endmacro %}`;
    await lab.write(path, of("upper(trim({{ expression }}))"));
    await build(lab);
    expect((await readNow()).keys).toEqual(everybody);
    expect([...(await assignment(lab)).keys()].filter((name) => name.startsWith("email "))).toEqual(
      expect.arrayContaining(["email BEA@X.ORG", "email CYD@X.ORG"]),
    );
    await lab.write(path, of("lower(trim({{ expression }}))"));
    await build(lab);
    expect([...(await assignment(lab)).keys()].filter((name) => /^email [A-Z]/.test(name))).toEqual([]);
  }, 240_000);

  it("are what they were once a run with other columns is undone, though that one was held", async () => {
    await lab.sql("insert into web values (5, timestamp '2025-01-05', 'u2', 'cyd@x.org')");
    const held = yaml({ brake: "{ largest: 2 }", traits: "first_name: first_name, city: city" });
    await declare(lab, held);
    await expect(build(lab)).rejects.toThrow(/IDENTITY_BRAKE/);
    await lab.sql("delete from web where id in (2, 5)");
    await declare(lab, yaml());
    await build(lab);
    expect(await readRecords(lab)).toHaveLength(5);
    expect((await readRecords(lab)).filter((record) => record.includes("city"))).toEqual([]);
    await build(lab);
    expect(await readNow()).toEqual({ keys: ["web -"], changed: 0 });
    await likeAFullRun();
  }, 240_000);

  it("are told from others by every copy of a key, also one that says the same", async () => {
    const before = await all();
    await lab.sql("insert into web select * from web where id = 4");
    await expect(build(lab)).rejects.toThrow(
      /identity_record: error: .*IDENTITY_KEY_NOT_UNIQUE: .*source web: 1 row\)/s,
    );
    expect(await all()).toEqual(before);
    await lab.sql(
      "delete from web where id = 4",
      "insert into web values (4, timestamp '2025-01-03', 'u1', 'bea@x.org')",
    );
    await build(lab);
    expect(await all()).toEqual(before);
  }, 240_000);
});
