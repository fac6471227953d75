import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IdentityLab, openIdentityLab } from "../../support/identity-lab.ts";
import { build, declare } from "../stitching.ts";

const yaml = (order: string): string => `identity:
  namespaces: { email: { normalise: email, priority: 1 } }
  sources:
    crm: { table: crm, key: id, at: seen, trust: 1, ttl: 365 days, identifiers: { email: email }, traits: { first_name: first_name } }
    shop: { table: shop, key: id, at: seen, trust: 2, identifiers: { email: email }, traits: { first_name: first_name } }
    web: { table: web, key: id, identifiers: { email: [email, other] } }
  guards: { brake: off }
  survivorship: { default: [${order}] }
`;

/** Not the views that stand already. */
const onlyRun = ["--select", "identity_record identity_resolution identity_golden identity_published"];

/** That they are what a full recompute gives is in guards-incremental.test.ts, on each engine. */
describe("golden records of an incremental run", { timeout: 120_000 }, () => {
  let lab: IdentityLab;
  /** Builds, and gives the first names that the run wrote and those that are published. */
  const next = async (asOf = "2026-01-01 00:00:00") => {
    await build(lab, { asOf, args: onlyRun });
    const rows = await lab.sql(
      `select value, from_run = (select max(run) from identity_state_pointer) as mine from identity_state_golden where to_run is null order by value`,
    );
    const shown = await lab.sql("select first_name from profile_golden order by first_name");
    // the kept rows are what is published
    expect(rows.map(({ value }) => value)).toEqual(
      shown.map(({ first_name: name }) => name).filter((name) => name !== null),
    );
    return { wrote: rows.filter(({ mine }) => mine === true).map(({ value }) => value), of: rows.length };
  };

  beforeAll(async () => {
    lab = await openIdentityLab({});
    await declare(lab, yaml("trust"));
    await lab.sql(
      "create table crm (id integer, seen timestamp, email text, first_name text)",
      "create table shop (id integer, seen timestamp, email text, first_name text)",
      "create table web (id integer, email text, other text)",
      "insert into crm values (1, timestamp '2025-06-01', 'a@x.org', 'Ann'), (2, timestamp '2025-01-02 12:00:00', 'b@x.org', 'Bea'), (3, timestamp '2025-06-01', 'c@x.org', 'Cyd')",
      "insert into shop values (1, timestamp '2025-06-01', 'b@x.org', 'Beatrix'), (2, timestamp '2025-06-01', 'd@x.org', 'Dee')",
    );
    await build(lab);
  }, 240_000);
  afterAll(async () => {
    await lab?.close();
  });

  it("are worked out of nobody where nothing changed since the first run", async () => {
    expect(await next()).toEqual({ wrote: [], of: 4 });
  });

  it("are worked out of whose record changed, came or went", async () => {
    await lab.sql(
      "update crm set first_name = 'Anna' where id = 1",
      "insert into crm values (4, timestamp '2025-06-01', 'e@x.org', 'Eve')",
    );
    expect(await next()).toEqual({ wrote: ["Anna", "Eve"], of: 5 });
    await lab.sql("delete from crm where id = 4");
    expect(await next()).toEqual({ wrote: [], of: 4 });
  });

  it("are not of whom only an event told of, and are of those whom it joins", async () => {
    await lab.sql("insert into web values (1, 'a@x.org', 'a2@x.org')");
    expect(await next()).toEqual({ wrote: [], of: 4 });
    await lab.sql("insert into web values (2, 'c@x.org', 'd@x.org')");
    expect(await next()).toEqual({ wrote: ["Cyd"], of: 3 });
    await lab.sql("delete from web where id = 2");
    expect(await next()).toEqual({ wrote: ["Cyd", "Dee"], of: 4 });
  });

  it("are of those whose source's word grew too old, and again where a build looks back", async () => {
    expect(await next("2026-01-03 00:00:00")).toEqual({ wrote: ["Beatrix"], of: 4 });
    expect(await next("2026-01-02 00:00:00")).toEqual({ wrote: ["Bea"], of: 4 });
  });

  it("are of those whom people decided about, as long as the decision stands and once more", async () => {
    await lab.sql(
      "insert into identity_decision (decision, kind, a_namespace, a_value, b_namespace, b_value, who, why, decided_at) values ('1', 'pin', 'email', 'd@x.org', 'trait:first_name', 'Deirdre', 'eve', 'she said so', timestamp '2025-12-01')",
    );
    expect(await next()).toEqual({ wrote: ["Deirdre"], of: 4 });
    await lab.sql("update identity_decision set withdrawn_at = timestamp '2025-12-02'");
    expect(await next()).toEqual({ wrote: ["Dee"], of: 4 });
    expect(await next()).toEqual({ wrote: [], of: 4 });
  });

  it("are of everybody where the rules changed, or a run was published without them", async () => {
    await declare(lab, yaml("longest"));
    expect(await next()).toEqual({ wrote: ["Anna", "Beatrix", "Cyd", "Dee"], of: 4 });
    await lab.sql("update crm set first_name = 'Cydney' where id = 3");
    await build(lab, { args: ["--select", "identity_record identity_resolution identity_published"] });
    expect(await lab.sql("select first_name from profile_golden where first_name like 'C%'")).toEqual([
      { first_name: "Cyd" },
    ]);
    expect(await next()).toEqual({ wrote: ["Anna", "Beatrix", "Cydney", "Dee"], of: 4 });
  });

  it("are staged once, however often their model is built", async () => {
    await lab.sql("update crm set first_name = 'Ann' where id = 1");
    for (const models of ["identity_record identity_resolution identity_golden", "identity_golden", "identity_golden"])
      await build(lab, { args: ["--select", models] });
    expect(await lab.sql("select first_name from profile_golden where first_name like 'A%'")).toEqual([
      { first_name: "Anna" },
    ]);
    await build(lab, { args: ["--select", "identity_published"] });
    expect(await lab.sql("select first_name from profile_golden where first_name like 'A%'")).toEqual([
      { first_name: "Ann" },
    ]);
    expect(await lab.sql("select value from identity_state_golden where to_run is null")).toHaveLength(4);
  });
});
