import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type IdentityLab, identityEngines, openIdentityLab } from "../support/identity-lab.ts";
import { type Database, freshDatabase } from "../support/postgres-database.ts";
import { assignment, build, declare, groups } from "./stitching.ts";

interface Declared {
  readonly namespaces?: string;
  readonly guards?: string;
  readonly confidence?: number;
  readonly blocked?: string;
}

const yaml = ({
  namespaces,
  guards = "max_cluster: off, brake: off",
  confidence = 1,
  blocked = "{}",
}: Declared): string => `identity:
  namespaces:
    ${namespaces ?? "user_id: { priority: 1, verified: true, unique: true }"}
    email: { priority: 2, normalise: email }
    device_id: { priority: 3 }
  sources:
    web: { table: web, key: id, at: seen, identifiers: { user_id: user_id, email: email, device_id: device_id } }
    guess: { table: guess, key: id, at: seen, confidence: ${confidence}, identifiers: { user_id: user_id, email: email, device_id: device_id } }
  blocked: ${blocked}
  guards: { ${guards} }
`;

type Seen = readonly [id: number, day: number, user: string | null, email: string | null, device: string | null];

describe.each(identityEngines())("guards on %s", (engine) => {
  let lab: IdentityLab;
  let database: Database | undefined;
  beforeAll(async () => {
    database = engine === "postgres" ? await freshDatabase() : undefined;
    lab = await openIdentityLab({}, database?.url);
    await lab.sql(
      "create table web (id integer, seen timestamp, user_id text, email text, device_id text)",
      "create table guess (id integer, seen timestamp, user_id text, email text, device_id text)",
    );
  }, 120_000);
  afterAll(async () => {
    await lab?.close();
    await database?.remove();
  });
  beforeEach(async () => {
    await lab.sql("delete from web", "delete from guess");
    for (const table of ["identity_decision"]) await lab.sql(`delete from ${table}`).catch(() => undefined);
  });

  async function stitch(web: readonly Seen[], declared: Declared = {}, guess: readonly Seen[] = []) {
    await declare(lab, yaml(declared));
    await put("web", web);
    await put("guess", guess);
    await build(lab);
    return groups(lab);
  }

  async function put(table: string, rows: readonly Seen[]) {
    const text = (value: string | null) => (value === null ? "null" : `'${value}'`);
    const values = rows.map(
      ([id, day, ...cells]) =>
        `(${id}, timestamp '2025-01-${String(day).padStart(2, "0")} 00:00:00', ${cells.map(text).join(", ")})`,
    );
    if (values.length > 0) await lab.sql(`insert into ${table} values ${values.join(", ")}`);
  }

  it("never lets a profile have two values of a unique namespace: the others go where they hang most recently", async () => {
    const found = await stitch([
      [1, 1, "u1", "a@x.org", null],
      [2, 2, "u2", "b@x.org", null],
      [3, 3, "u1", null, "kiosk"],
      [4, 9, "u2", null, "kiosk"],
    ]);
    expect(found).toEqual([
      ["device_id kiosk", "email b@x.org", "user_id u2"],
      ["email a@x.org", "user_id u1"],
    ]);
    const told = await lab.sql("select guard, namespace, value, evidence from identity_violation order by value");
    expect(told.map(({ guard, value }) => `${String(guard)} ${String(value)}`)).toEqual([
      "unique_user_id u1",
      "unique_user_id u2",
    ]);
    const cut = await lab.sql("select a_value, b_value from identity_edge where status = 'cut'");
    expect(cut).toHaveLength(1);
    expect(Object.values(cut[0] ?? {}).sort()).toEqual(["kiosk", "u1"]);
  }, 240_000);

  it("lets a weak edge attach, and never merge two anchored profiles", async () => {
    const found = await stitch(
      [
        [1, 1, "u1", "a@x.org", null],
        [2, 2, "u2", "b@x.org", null],
      ],
      { confidence: 0.9, namespaces: "user_id: { priority: 1, verified: true }" },
      [
        [1, 3, null, "a@x.org", "d1"],
        [2, 4, null, "b@x.org", "d1"],
        [3, 5, null, "c@x.org", "d2"],
      ],
    );
    expect(found).toEqual([
      ["device_id d1", "email b@x.org", "user_id u2"],
      ["device_id d2", "email c@x.org"],
      ["email a@x.org", "user_id u1"],
    ]);
  }, 240_000);

  it("keeps apart what a decision keeps apart, and joins what one joins, until it is withdrawn", async () => {
    const rows: Seen[] = [
      [1, 1, null, "a@x.org", "d1"],
      [2, 2, null, "b@x.org", "d1"],
      [3, 3, null, "c@x.org", null],
    ];
    const together = [["device_id d1", "email a@x.org", "email b@x.org"], ["email c@x.org"]];
    expect(await stitch(rows)).toEqual(together);
    const before = await assignment(lab);
    await lab.sql(
      "insert into identity_decision (decision, kind, a_namespace, a_value, b_namespace, b_value, who, why, decided_at) values ('1', 'cannot_link', 'email', 'a@x.org', 'email', 'b@x.org', 'ann', 'siblings', timestamp '2025-01-05 00:00:00')",
      "insert into identity_decision (decision, kind, a_namespace, a_value, b_namespace, b_value, who, why, decided_at) values ('2', 'must_link', 'email', 'a@x.org', 'email', 'c@x.org', 'ann', 'told us', timestamp '2025-01-05 00:00:00')",
    );
    await build(lab);
    expect(await groups(lab)).toEqual([
      ["device_id d1", "email b@x.org"],
      ["email a@x.org", "email c@x.org"],
    ]);
    await lab.sql("update identity_decision set withdrawn_at = timestamp '2025-01-06 00:00:00'");
    await build(lab);
    expect(await groups(lab)).toEqual(together);
    expect(await assignment(lab)).toEqual(before);
  }, 240_000);

  it("quarantines a cluster over the cap: its last good assignment stands, and what is new in it has no profile", async () => {
    const rows: Seen[] = [
      [1, 1, null, "a@x.org", "d1"],
      [2, 2, null, "b@x.org", "d2"],
    ];
    const declared = { guards: "max_cluster: 4, brake: off" };
    const good = await stitch(rows, declared);
    const before = await assignment(lab);
    await put("web", [
      [3, 3, null, "a@x.org", "d2"],
      [4, 4, null, "e@x.org", "d2"],
    ]);
    await build(lab);
    expect(await groups(lab)).toEqual(good);
    expect(await assignment(lab)).toEqual(before);
    const held = await lab.sql("select distinct quarantined from identity_component");
    expect(held.map(({ quarantined }) => Number(quarantined))).toEqual([1]);
    const told = await lab.sql("select guard from identity_violation");
    expect(told.map(({ guard }) => guard)).toEqual(["max_cluster"]);
    await lab.sql("delete from web where id in (3, 4)");
    await build(lab);
    expect(await assignment(lab)).toEqual(before);
    expect(await lab.sql("select * from identity_violation")).toEqual([]);
    expect((await lab.sql("select max(quarantined) as q from identity_component")).map(({ q }) => Number(q))).toEqual([
      0,
    ]);
  }, 240_000);

  it("takes no profile apart by cutting a cluster that is quarantined all the same, and leaves whole ones alone", async () => {
    const declared = { guards: "max_cluster: 4, brake: off, strong_from: off", confidence: 0.9 };
    const guess: Seen[] = [[1, 1, null, "c@x.org", "d1"]];
    const good = await stitch(
      [
        [1, 1, null, "a@x.org", "d1"],
        [2, 2, null, "b@x.org", "d2"],
      ],
      declared,
      guess,
    );
    expect(good).toEqual([
      ["device_id d1", "email a@x.org", "email c@x.org"],
      ["device_id d2", "email b@x.org"],
    ]);
    const before = await assignment(lab);
    // Sure edges make five of a cluster; unsure ones join c (of the first profile), the second profile and a newcomer to it.
    await put(
      "web",
      ["d3", "d4", "d5"].map((device, i): Seen => [3 + i, 3, null, "a@x.org", device]),
    );
    await put("guess", [
      [2, 3, null, "b@x.org", "d1"],
      [3, 3, null, "new@x.org", "d1"],
    ]);
    await build(lab);
    const after = await assignment(lab);
    const newcomer = after.get("email new@x.org");
    expect(after).toEqual(new Map([...before, ["email new@x.org", newcomer]]));
    expect([...before.values()]).not.toContain(newcomer);
    const held = await lab.sql("select namespace, value from identity_component where quarantined = 1 order by value");
    expect(held.map(({ value }) => value)).toEqual(["a@x.org", "c@x.org", "d1"]);
    const told = await lab.sql(
      "select value, evidence from identity_violation where guard = 'max_cluster' order by evidence",
    );
    expect(told.map(({ evidence }) => evidence)).toEqual([
      "quarantined: 5 identifiers, limit 4",
      "quarantined: cut from a cluster that is still over the limit",
    ]);
    expect(told[1]?.value).toBe("c@x.org");
    await lab.sql("delete from web where id > 2");
    await lab.sql("delete from guess where id > 1");
    await build(lab);
    expect(await assignment(lab)).toEqual(before);
    expect(await lab.sql("select * from identity_violation")).toEqual([]);
  }, 240_000);

  it("cuts an oversized cluster again at stricter thresholds before it quarantines it", async () => {
    const found = await stitch(
      [
        [1, 1, null, "a@x.org", "d1"],
        [2, 2, null, "b@x.org", "d2"],
      ],
      { guards: "max_cluster: 2, brake: off, strong_from: off", confidence: 0.9 },
      [[1, 3, null, "a@x.org", "d2"]],
    );
    expect(found).toEqual([
      ["device_id d1", "email a@x.org"],
      ["device_id d2", "email b@x.org"],
    ]);
  }, 240_000);
});
