import { describe, expect, it } from "vitest";
import { startCloud, whyNot } from "../support/cloud/engines.ts";
import { type IdentityLab, openIdentityLab } from "../support/identity-lab.ts";
import { assignment, build, declare, groups } from "./stitching.ts";

const yaml = `identity:
  namespaces:
    user_id: { priority: 1, verified: true, unique: true }
    email: { priority: 2, normalise: email }
    device_id: { priority: 3, limit: { email: 3, within: 30 days } }
  sources:
    web: { table: web, key: id, at: seen, identifiers: { user_id: user_id, email: email, device_id: device_id } }
    crm: { table: crm, key: id, at: seen, ttl: 400 days, identifiers: { user_id: user_id }, traits: { first_name: first_name } }
  blocked: { email: { patterns: ["^noreply@"] } }
  guards: { max_cluster: off, brake: off }
`;

/** Two users on a kiosk, a shared mailbox, a device that only an email ties. */
const seen = [
  "(1, timestamp '2025-01-01 00:00:00', 'u1', 'A@x.org ', null)",
  "(2, timestamp '2025-01-02 00:00:00', 'u2', 'b@x.org', null)",
  "(3, timestamp '2025-01-03 00:00:00', 'u1', null, 'kiosk')",
  "(4, timestamp '2025-01-09 00:00:00', 'u2', null, 'kiosk')",
  "(5, timestamp '2025-01-04 00:00:00', null, 'a@x.org', 'd1')",
  "(6, timestamp '2025-01-05 00:00:00', null, 'noreply@x.org', 'd2')",
  "(7, timestamp '2025-01-06 00:00:00', null, 'noreply@x.org', 'd3')",
];

/** What is published after a first run and after one that adds and removes a record, without the profiles' ids. */
async function history(lab: IdentityLab) {
  const web = `${lab.prefix}web`;
  await declare(lab, yaml);
  await lab.sql(
    `create table ${web} (id integer, seen timestamp, user_id text, email text, device_id text)`,
    `insert into ${web} values ${seen.join(", ")}`,
  );
  const crm = `${lab.prefix}crm`;
  await lab.sql(
    `create table ${crm} (id integer, seen timestamp, user_id text, first_name text)`,
    `insert into ${crm} values (1, timestamp '2025-01-01 00:00:00', 'u1', 'Ann'), (2, timestamp '2025-01-01 00:00:00', 'u2', 'Bea'), (3, timestamp '2025-01-01 00:00:00', 'u3', 'Cyd')`,
  );
  await build(lab);
  const first = await groups(lab);
  const before = await assignment(lab);
  await lab.sql(
    `insert into ${web} values (8, timestamp '2025-01-10 00:00:00', null, 'b@x.org', 'd2')`,
    `delete from ${web} where id = 5`,
    `update ${crm} set first_name = 'Beatrix' where id = 2`,
  );
  await build(lab);
  const golden = await lab.sql(
    `select value, rule, from_run = newest.run as written from ${lab.prefix}identity_state_golden cross join (select max(run) as run from ${lab.prefix}identity_state_pointer) as newest where to_run is null order by value`,
  );
  const after = await assignment(lab);
  const told = await lab.sql("select guard, namespace, value from identity_violation order by guard, namespace, value");
  const edges = await lab.sql("select status, count(*) as n from identity_edge group by status order by status");
  return {
    first,
    second: await groups(lab),
    told: told.map((row) => Object.values(row).join(" ")),
    edges: edges.map(({ status, n }) => `${String(status)} ${Number(n)}`),
    // the second run wrote the one whose name changed, and u1's and u3's names stand as the first did
    golden: golden.map(({ value, rule, written }) => `${String(value)} ${String(rule)} ${String(Boolean(written))}`),
    names: (
      await lab.sql("select first_name from profile_golden where first_name is not null order by first_name")
    ).map(({ first_name: name }) => name),
    kept: ["user_id u1", "user_id u2"].map((name) => before.get(name) === after.get(name)),
  };
}

describe.each(["snowflake", "bigquery"] as const)("identity by dbt on %s", async (engine) => {
  const long = process.env.MILLRACE_LONG_TESTS !== undefined;
  const reason = long ? await whyNot(engine) : "minutes long on the stand-ins: set MILLRACE_LONG_TESTS";
  if (reason !== null) return it("is what it is on DuckDB", (context) => context.skip(reason));
  it("is what it is on DuckDB, after a first run and an incremental one", async () => {
    const cloud = await startCloud(engine);
    const labs: IdentityLab[] = [];
    try {
      labs.push(await openIdentityLab({}), await openIdentityLab({}, cloud.on));
      const [here, there] = [await history(labs[0] as IdentityLab), await history(labs[1] as IdentityLab)];
      expect(there).toEqual(here);
      expect(here.first).toContainEqual(["device_id d1", "email a@x.org", "record:crm 1", "user_id u1"]);
      expect(here.kept).toEqual([true, true]);
      expect(here.golden).toEqual(["Ann only_value false", "Beatrix only_value true", "Cyd only_value false"]);
      expect(here.names).toEqual(["Ann", "Beatrix", "Cyd"]);
      expect(here.second).not.toEqual(here.first);
    } finally {
      for (const lab of labs) await lab.close();
      await cloud.stop();
    }
  }, 600_000);
});
