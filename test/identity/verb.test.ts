import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { identity } from "../../src/commands/identity.ts";
import { runCli } from "../e2e/cli.ts";
import { type IdentityLab, openIdentityLab } from "../support/identity-lab.ts";
import { type Database, freshDatabase } from "../support/postgres-database.ts";
import { verbInProcess } from "../support/verb-in-process.ts";
import { assignment, build, declare, groups } from "./stitching.ts";

const yaml = `identity:
  namespaces:
    user_id: { priority: 1, verified: true }
    email: { priority: 2, normalise: email }
    device_id: { priority: 3 }
  sources:
    web: { table: web, key: id, at: seen, identifiers: { user_id: user_id, email: email, device_id: device_id } }
  guards: { max_cluster: off, learn_blocked_above: 2, brake: { merges: 20% } }
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
      `project: lab\nwarehouse: { type: postgres, url: "${database.url}" }\ndbt: { project: . }\nstore: ./store.sqlite\naccounts: { exports: { connector: file, path: ./out } }\n`,
    );
    const to = (name: string) => `{ account: exports, target: csv, path: ${name}.csv }`;
    await lab.write(
      "syncs/people.yml",
      `sync: people\nmodel: profile_golden\nkey: email\nto: ${to("people")}\nmode: mirror\nfields: { email: email }\n`,
    );
    await lab.write(
      "syncs/everybody.yml",
      `sync: everybody\ntable: web\nkey: id\nto: ${to("everybody")}\nmode: mirror\nfields: { id: id }\n`,
    );
    await lab.write("identity.yml", yaml);
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
    expect(apart.stdout).toMatch(/^two people: \S+ and \S+$/m);
    expect(apart.stdout).toContain("no edge goes from one to the other; `millrace identity merge` joins them");
  }, 240_000);

  it("explains one identifier, written otherwise too, and says of one that nothing bears that it knows none", async () => {
    const profile = (await assignment(lab)).get("email a@x.org");
    const told = await verb("explain", "email: A@X.org");
    expect(told.stdout.split("\n")).toEqual([
      `email a@x.org belongs to profile ${profile}, with 2 edges`,
      expect.stringMatching(/^ {2}(email a@x.org – device_id d1|device_id d1 – email a@x.org): same_record of web/),
      "",
    ]);
    const nobody = await verb("explain", "email:nobody@x.org");
    expect(nobody).toMatchObject({ code: 0, stdout: "no record bears email nobody@x.org\n" });
    expect(nobody.stderr).toContain("normalised");
  }, 240_000);

  const signed = { who: "ann", why: "told us" };
  it.each([
    [["explain"], {}, /^an identifier is missing, or written otherwise\n.*namespace:value/],
    [["explain", "nonsense"], {}, /^an identifier is missing, or written otherwise/],
    [["explain", "emial:a@x.org"], {}, /^identity.yml has no namespace "emial"\ndid you mean "email"\?/],
    [["explain", "email:a@x.org", "record:wbe:1"], {}, /no namespace "record:wbe"\ndid you mean "record:web"\?/],
    [["merge", "email:a@x.org", "email:nobody@x.org"], signed, /^no record bears this email\n.*normalised/],
    [["split", "email:a@x.org", "email:A@x.org"], signed, /^both are one identifier\n.*each of the two people/],
    [["split", "email:a@x.org"], signed, /^an identifier is missing/],
    [["merge", "email:a@x.org", "email:b@x.org"], {}, /^a decision needs who made it and why\n.*--who NAME/],
    [["merge", "email:a@x.org", "email:b@x.org"], { who: "ann", why: " " }, /^a decision needs who made it and why/],
    [["approve"], {}, /^approve needs the number of a run\n/],
    [["approve", "2"], {}, /^identity run 2 is not staged\n/],
    [["expalin", "email:a@x.org"], {}, /^identity cannot "expalin"\nIt can: explain/],
  ])("refuses %j with a mend, and decides nothing", async ([action = "", a, b], given, told) => {
    const { exit, json } = await verbInProcess(lab.dir, identity(action, a, b, undefined, given));
    expect(exit).toBe(2);
    const { error } = z.object({ error: z.object({ message: z.string(), hint: z.string() }) }).parse(json);
    expect(`${error.message}\n${error.hint}`).toMatch(told);
    expect(await lab.sql("select * from identity_decision")).toEqual([]);
  });

  it("works out what the next run would publish, and publishes nothing", async () => {
    const before = await assignment(lab);
    await lab.sql(
      "insert into web values (5, '2025-01-05', 'u9', 'd@x.org', null), (6, '2025-01-05', null, 'a@x.org', 'd2')",
    );
    await lab.sql("delete from web where id = 2");
    const told = await verb("diff", "--json");
    expect(JSON.parse(told.stdout)).toEqual({
      run: expect.objectContaining({ run: 2, changed_records: 3, profiles: 2 }),
      counts: {},
      events: [],
      // b@x.org is borne by nothing any more; the new ones had no profile
      moved: [{ from: before.get("email b@x.org"), to: null, identifiers: 1 }],
      moved_identifiers: 1,
    });
    expect(await assignment(lab)).toEqual(before);
    const [{ run } = {}] = await lab.sql("select run from identity_state_pointer");
    expect(Number(run)).toBe(1);
    await lab.sql(
      "insert into web values (2, '2025-01-02', null, 'b@x.org', 'd1')",
      "delete from web where id in (5, 6)",
    );
    // told of the run that is staged, until one is worked out anew
    expect((await verb("diff")).stdout).toMatch(/^identity run 2, staged as of .*1 identifier would have another/);
    const anew = await verb("diff", "--build");
    expect(anew.stdout).toMatch(
      /0 identifiers would have another profile or none\nno profile that there is would change\n$/,
    );
    expect(await assignment(lab)).toEqual(before);
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
    const held = {
      run: 2,
      why: "identity run 2 is held: 1 of 2 profiles would be merged (brake.merges: 20.0%)",
    };
    const there = ["--as-of", "2026-01-01", "--project", lab.dir];
    const built = await runCli(["build", ...there]);
    expect(built.code).toBe(4);
    expect(built.stdout).toContain(
      `${held.why}; nothing was published\n  look: millrace identity diff\n  approve: millrace identity approve 2\n`,
    );
    expect(await assignment(lab)).toEqual(before);
    const run = await runCli(["run", "people", "everybody", "--json", ...there]);
    expect(run.code).toBe(4);
    expect(JSON.parse(run.stdout)).toMatchObject({
      exit_code: 4,
      runs: [
        { sync: "people", status: "held", exit_code: 4, held_for: [held.why], approve: "millrace identity approve 2" },
        { sync: "everybody", status: "done", exit_code: 0 },
      ],
    });
    const json = await runCli(["build", "people", "--json", ...there]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      failed: 0,
      blocked: { people: expect.stringContaining("IDENTITY_BRAKE") },
      held,
      exit_code: 4,
    });
    const shown = await verb("diff");
    expect(shown.stdout).toMatch(/^identity run 2, .*: 0 new profiles, 1 merged, 0 split, 0 erased; 3 identifiers/);
    expect(shown.stdout).toMatch(/^merge \S+ into \S+: same_record of web/m);
    expect(shown.stdout).toMatch(/^3 identifiers of \S+ would go to \S+$/m);
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
    const decided = await verb("split", "email:A@x.org", "email:b@x.org", "--who", "ann", "--why", "siblings");
    expect(decided.code).toBe(0);
    await build(lab);
    const at = await assignment(lab);
    expect(at.get("email a@x.org")).not.toBe(at.get("email b@x.org"));
    const told = await verb("explain", "email:a@x.org", "email:b@x.org");
    expect(told.stdout).toMatch(/^two people/);
    expect(told.stdout).toContain("a decision keeps them apart");
    expect(told.stdout).toContain("; a guard cut it");
    const noted = await verb("split", "email:b@x.org", "email:a@x.org", "--who", "ann", "--why", "still siblings");
    expect(noted.stdout).toContain("they are not one person now");
    expect(
      await lab.sql("select why, withdrawn_at is null as stands from identity_decision order by decided_at"),
    ).toEqual([
      { why: "siblings", stands: false },
      { why: "still siblings", stands: true },
    ]);
  }, 240_000);

  it("joins by a decision, and knows whose an identifier was that nothing bears any more", async () => {
    await declare(lab, yaml.replace("{ merges: 20% }", "off"));
    const joined = await verb("merge", "email:b@x.org", "email:y@x.org", "--who", "ann", "--why", "told us");
    expect(joined.code).toBe(0);
    await build(lab);
    const at = await assignment(lab);
    expect(at.get("email y@x.org")).toBe(at.get("email b@x.org"));
    const again = await verb("merge", "email:y@x.org", "email:b@x.org", "--who", "ann", "--why", "told us again");
    expect(again.stdout).toContain("they are one person already");
    const bea = at.get("email b@x.org");
    await lab.sql(
      "insert into web select 100 + i, '2025-02-01', null, 'k' || i || '@x.org', 'kiosk' from generate_series(1, 3) as s(i)",
    );
    await lab.sql("delete from web where email in ('b@x.org', 'y@x.org') or device_id = 'd1'");
    await build(lab, { asOf: "2026-02-01 00:00:00" });
    const told = await verb("explain", "email:b@x.org");
    expect(told.stdout).toBe(
      `no record bears email b@x.org any more; until 2026-02-01 00:00:00 it belonged to profile ${bea}\n`,
    );
    const { stdout: reported } = await verb("report");
    expect(reported).toMatch(/^caught by guards: .*learned_value 1 of device_id/m);
    expect(reported).toContain(
      "\n  found to link too many, and blocked: device_id kiosk, seen with 3 values of one namespace, limit 2\n",
    );
    const erased = (await lab.sql("select profile_id from profile where status = 'erased'"))[0]?.profile_id;
    const pinned = await verb("pin", String(erased), "email", "b@x.org", "--who", "ann", "--why", "told us");
    expect(pinned.stderr).toMatch(/profile \S+ is erased: it has no identifier to pin email on[\s\S]*when one returns/);
    expect(pinned.code).toBe(2);
  }, 240_000);

  it("is read by plans of any key, and so granted for them", async () => {
    const told = await runCli(["grants", "--role", "reader", "--project", lab.dir]);
    expect(told.code).toBe(0);
    expect(told.stdout).toMatch(/^grant select on "\w+"."profile_golden" to "reader";$/m);
    expect(told.stdout).toMatch(/^grant select on "\w+"."profile" to "reader";$/m);
  }, 240_000);

  it("says of a project in which identity was never built what builds it", async () => {
    await lab.sql("drop view identity_component cascade");
    const told = await verb("explain", "email:a@x.org");
    expect(told.code).toBe(1);
    expect(told.stderr).toMatch(
      /RELATION_MISSING: .*identity_component[\s\S]*`millrace compile`, then `millrace build`/,
    );
  }, 240_000);
});
