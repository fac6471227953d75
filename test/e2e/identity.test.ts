import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { jsonOf, root, runCli } from "./cli.ts";
import { crm, type IdentityProject, identityProject, web } from "./identity-project.ts";

const cost = z.object({
  run: z.object({ statements: z.number() }),
  stages: z.array(z.object({ stage: z.string(), statements: z.number(), changed_rows: z.number() })),
});

describe("identity, traits, a segment and its sync in one project", { timeout: 240_000, retry: 0 }, () => {
  let project: IdentityProject;
  let at: { readonly cwd: string; readonly env: Readonly<Record<string, string>> };
  const sent = () => readFileSync(join(project.dir, "exports/buyers.csv"), "utf8").trim().split("\n").sort();
  const profiles = async () => {
    const rows = await project.rows("select namespace || ' ' || value as name, profile_id from identity_component");
    return new Map(rows.map(({ name, profile_id }) => [String(name), String(profile_id)]));
  };
  let first: Awaited<ReturnType<typeof profiles>>;
  const firstOf = (name: string): string => first.get(name) ?? `nobody bears ${name}`;

  const provenance = () =>
    project.rows(
      `select value, rule, source, losing_values from profile_golden_provenance
        where trait = 'postcode' and profile_id = '${firstOf("user_id u2")}'`,
    );

  beforeAll(async () => {
    project = await identityProject();
    at = { cwd: project.dir, env: { MILLRACE_DBT: process.env.MILLRACE_DBT ?? join(root, ".venv/bin/dbt") } };
  });
  afterAll(() => project?.remove());

  it("compiles and checks without a fault, and builds with every dbt test passed", async () => {
    await jsonOf(["compile"], at);
    expect(await jsonOf(["check"], at)).toMatchObject({ errors: 0, warnings: 0 });
    const { code, stderr, stdout } = await runCli(["build", "--json"], at);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^identity run 1: \d+ statements; 9 records \(9 new, changed or gone\), 5 profiles; 5 new,/m,
    );
    const built = z.looseObject({ nodes: z.number() }).parse(JSON.parse(stdout));
    expect(built).toMatchObject({ failed: 0, blocked: {}, exit_code: 0 });
    expect(built.nodes).toBeGreaterThan(100);
  });

  it("gives a profile of both sources its events' traits, and golden columns", async () => {
    first = await profiles();
    expect(firstOf("device_id d1")).toBe(firstOf("user_id u1"));
    // matched by name, birthday and postcode: the record bears no identifier
    expect(firstOf("record:crm 5")).toBe(firstOf("record:crm 1"));
    const columns =
      "user_id, email, device_id, first_name, postcode, cast(order_count as integer) as orders, cast(spent as integer) as spent";
    const traits = await project.rows(`select ${columns} from profile_traits where email is not null order by email`);
    const [ann, bea, cyd] = traits;
    expect(traits).toHaveLength(3);
    expect(ann).toEqual({
      user_id: "u1",
      email: "ann@example.com",
      device_id: "d1",
      first_name: "Anne",
      postcode: "AB1 2CD",
      orders: 2,
      spent: 100,
    });
    expect(bea).toMatchObject({ user_id: "u2", email: "bea@example.com", device_id: "d2", orders: 1, spent: 15 });
    expect(cyd).toMatchObject({ user_id: null, email: "cyd@example.com", device_id: "d3", orders: 1, spent: 99 });
    // a blocked address is nobody's, and links nobody
    expect(
      await project.rows("select first_name, spent from profile_traits where email is null order by spent"),
    ).toMatchObject([{ first_name: null }, { first_name: "Dee", spent: null }]);
  });

  it("reports how many records of which sources share profiles", async () => {
    const report = await jsonOf(["identity", "report"], at);
    // crm 1, 2, 3 and 5 are web visitors, too; all visits are of them but that of the blocked address
    expect(report).toMatchObject({
      profiles: [{ name: "active", rows: 5 }],
      sources: [
        { source: "crm", records: 5, in_profile: 5, profiles: 4 },
        { source: "web", records: 4, in_profile: 4, profiles: 4 },
      ],
      match_rates: [
        { source: "crm", other: "web", records: 5, shared: 4, rate: 0.8 },
        { source: "web", other: "crm", records: 4, shared: 3, rate: 0.75 },
      ],
      run: { run: 1, changed_records: 9, new_profiles: 5, merged: 0, split: 0, statements: expect.any(Number) },
      guards: [{ name: "blocked_value", namespace: "email", rows: 1 }],
    });
    const { run, stages } = cost.parse(report);
    expect(stages.reduce((all, { statements }) => all + statements, 0)).toBe(run.statements);
    const rowsOf = (stage: string) => stages.find((each) => each.stage === stage)?.changed_rows;
    expect(rowsOf("open records")).toBe(9);
    expect(rowsOf("golden")).toBe(
      Number((await project.rows("select count(*) as n from identity_state_golden"))[0]?.n),
    );
    const { stdout } = await runCli(["identity", "report"], at);
    expect(stdout).toContain("\n  open records: 1 statement, 9 rows\n");
    expect(stdout).toContain(
      "9 records of 2 sources are 5 profiles\n  crm: 5 records in 4 profiles; 4 (80.0%) share one with web\n",
    );
    expect(stdout).toContain("caught by guards: blocked_value 1 of email");
  });

  it("explains a segment to whoever names a person by an identifier", async () => {
    const told = await jsonOf(["segment", "explain", "buyers", "Ann@example.com"], at);
    expect(told).toMatchObject({ found: true, profile: firstOf("email ann@example.com"), member: true });
    expect(told).toEqual(await jsonOf(["segment", "explain", "buyers", firstOf("email ann@example.com")], at));
    expect(await jsonOf(["segment", "explain", "buyers", "nobody@example.com"], at)).toMatchObject({ found: false });
  });

  it("delivers the segment's golden columns to the file, and a second run sends nothing", async () => {
    const run = await jsonOf(["run", "--no-build"], at);
    expect(run.runs).toMatchObject([{ sync: "buyers-to-file", status: "done", counts: { added: 2, delivered: 2 } }]);
    expect(sent()).toEqual([
      "ann@example.com,Anne,u1,100",
      "cyd@example.com,Cyd,,99",
      "email,first_name,customer_no,spent",
    ]);
    const again = await jsonOf(["run"], at);
    expect(again.runs).toMatchObject([{ exit_code: 0, counts: { model_rows: 2, unchanged: 2, planned: 0 } }]);
    expect(await profiles()).toEqual(first);
  });

  it("pins a trait of a profile that there is, the newest pin of it, and names what was probably meant", async () => {
    const bea = firstOf("user_id u2");
    const say = (...args: string[]) => runCli(["identity", ...args, "--who", "eve", "--why", "she wrote"], at);
    const refused: readonly (readonly [readonly string[], RegExp])[] = [
      [["pin", bea, "postcod", "X"], /no trait "postcod"[\s\S]*did you mean "postcode"\?/],
      [["pin", "emial:bea@example.com", "postcode", "X"], /no namespace "emial"[\s\S]*did you mean "email"\?/],
      [["pin", "email:nobody@example.com", "postcode", "X"], /no such profile/],
      [["pin", "nobody", "postcode", "X"], /no such profile/],
      [["pin", bea, "postcode"], /needs a value/],
      [["pin", bea, "email", "ann@example.com"], /the value is no email of profile/],
      [["unpin", bea, "postcode"], /is not pinned/],
    ];
    for (const [args, told] of refused) {
      const { code, stderr } = await say(...args);
      expect(stderr).toMatch(told);
      expect(code).toBe(2);
    }
    expect((await runCli(["identity", "pin", bea, "postcode", "X"], at)).stderr).toContain("who made it and why");
    const pinned = await say("pin", "email:bea@example.com", "postcode", "QQ1 1QQ");
    expect(pinned.stdout).toContain(`pinned: postcode of profile ${bea}`);
    expect(pinned.stdout).not.toContain("QQ1");
    await jsonOf(["identity", "pin", bea, "postcode", "ZZ9 9ZZ", "--who", "eve", "--why", "she moved"], at);
    const decided = "select a_namespace, b_namespace, b_value, who, why, withdrawn_at is null as stands";
    expect(await project.rows(`${decided} from identity_decision order by decided_at`)).toEqual([
      expect.objectContaining({ a_namespace: "email", b_value: "QQ1 1QQ", stands: false }),
      {
        a_namespace: "user_id",
        b_namespace: "trait:postcode",
        b_value: "ZZ9 9ZZ",
        who: "eve",
        why: "she moved",
        stands: true,
      },
    ]);
  });

  it("updates whom a merge gave another id, and keeps every id that there was", async () => {
    await project.write("sql/seeds/crm.csv", `${crm}6,2025-01-20 09:00:00,u2,cyd@example.com,Cydney,Baker,,\n`);
    expect(await jsonOf(["build"], at)).toMatchObject({ failed: 0, exit_code: 0 });
    expect(await provenance()).toMatchObject([
      { value: "ZZ9 9ZZ", rule: "pinned", source: "decision", losing_values: "IJ5 6KL (crm); EF3 4GH (crm)" },
    ]);
    const now = await profiles();
    const [bea, cyd] = [firstOf("user_id u2"), firstOf("email cyd@example.com")];
    expect(cyd).not.toBe(bea);
    for (const [name, id] of first) expect([name, now.get(name)]).toEqual([name, id === cyd ? bea : id]);
    expect(await project.rows("select * from profile_alias")).toEqual([{ old_profile_id: cyd, profile_id: bea }]);
    expect(await project.rows("select profile_id, left_why from segment_membership where left_at is not null")).toEqual(
      [{ profile_id: cyd, left_why: "identity" }],
    );

    const run = await jsonOf(["run", "--no-build"], at);
    expect(run.runs).toMatchObject([{ status: "done", counts: { unchanged: 1, added: 0, updated: 1, removed: 0 } }]);
    expect(sent()).toEqual([
      "ann@example.com,Anne,u1,100",
      "cyd@example.com,Cydney,u2,114",
      "email,first_name,customer_no,spent",
    ]);
  });

  it("tells in why who a profile is, by an old id and by an identifier that no row has", async () => {
    const [bea, cyd] = [firstOf("user_id u2"), firstOf("email cyd@example.com")];
    const identity = {
      profile_id: bea,
      status: "active",
      quarantined: false,
      aliases: [cyd],
      identifiers: [
        { namespace: "device_id", value: "d2" },
        { namespace: "device_id", value: "d3" },
        { namespace: "email", value: "bea@example.com" },
        { namespace: "email", value: "cyd@example.com" },
        { namespace: "record:crm", value: "2" },
        { namespace: "record:crm", value: "3" },
        { namespace: "record:crm", value: "6" },
        { namespace: "user_id", value: "u2" },
      ],
    };
    const old = await jsonOf(["why", "buyers-to-file", cyd, "--show-values"], at);
    expect(old.rows).toHaveLength(2);
    expect(old.rows).toContainEqual(
      expect.objectContaining({
        key: cyd,
        in_model: false,
        identity: { ...identity, status: "merged", aliases: [], identifiers: [] },
      }),
    );
    // the stay went with the customer to the profile that it is part of now
    expect(old.segment).toMatchObject({
      name: "buyers",
      stays: [
        { profile_id: bea, entered_why: "identity", left_at: null, left_why: null },
        { profile_id: cyd, entered_why: "rule", left_at: expect.any(String), left_why: "identity" },
      ],
    });
    const living = expect.objectContaining({
      key: bea,
      in_model: true,
      identity,
      answer: expect.stringContaining("nothing has changed since"),
    });
    expect(old.rows).toContainEqual(living);
    expect((await jsonOf(["why", "buyers-to-file", "BEA@example.com", "--show-values"], at)).rows).toEqual([living]);

    const masked = await runCli(["why", "buyers-to-file", "d2"], at);
    expect(masked.stdout).toContain(`profile: active; once ${cyd}`);
    expect(masked.stdout).toContain("email=b•••@e•••.com");
    expect(masked.stdout).not.toContain("bea@");
    const dee = firstOf("record:crm 4");
    expect(masked.stdout).toMatch(/^ {2}segment buyers: in it since 20\d\d-.* \(\w+\)$/m);
    const never = await runCli(["why", "buyers-to-file", dee], at);
    expect(never.stdout).toContain("conditions hold: `millrace segment explain buyers` with the same identifier.");
    const outside = await jsonOf(["why", "buyers-to-file", dee], at);
    expect(outside.segment).toEqual({ name: "buyers", stays: [] });
    expect(outside.rows).toMatchObject([
      {
        key: dee,
        in_model: false,
        answer: expect.stringContaining("not in segment buyers"),
        identity: { status: "active" },
      },
    ]);
    expect(await jsonOf(["why", "buyers-to-file", "noreply@example.com"], at)).toMatchObject({
      found: false,
      rows: [],
    });
  });

  it("freezes a quarantined profile: whoever it was stays at the destination as it was, and nothing of it is sent", async () => {
    const ann = firstOf("user_id u1");
    const before = sent();
    // by an id that was merged away
    const unpinned = ["identity", "unpin", firstOf("email cyd@example.com"), "postcode", "--who", "eve", "--why", "no"];
    expect(await jsonOf(unpinned, at)).toMatchObject({ kind: "unpin", profile_id: firstOf("user_id u2") });
    const devices = ["d11", "d12", "d13", "d14"];
    const seen = devices.map((device, i) => `m1${i},2025-01-21 10:00:00,${device},,ann@example.com\n`).join("");
    await project.write("sql/seeds/web.csv", `${web}${seen}`);
    expect(await jsonOf(["build"], at)).toMatchObject({ failed: 0, exit_code: 0 });
    const held = await project.rows("select distinct profile_id from identity_component where quarantined = 1");
    expect(held).toEqual([{ profile_id: ann }]);
    expect(await provenance()).toMatchObject([{ value: "IJ5 6KL", rule: "most_recent" }]);
    expect(
      await project.rows("select evidence from identity_violation where guard = 'max_cluster' order by evidence"),
    ).toEqual([
      { evidence: "quarantined: 7 identifiers, limit 5" },
      // her second record, which likeness alone ties to her: without it she would be taken apart
      { evidence: "quarantined: cut from a cluster that is still over the limit" },
    ]);
    expect(await jsonOf(["identity", "report"], at)).toMatchObject({ quarantined: 1, learned: [] });
    // its events do not count, so the segment let go of it
    expect(
      await project.rows(`select left_why from segment_membership where profile_id = '${ann}' and left_at is not null`),
    ).toEqual([{ left_why: "identity" }]);
    // what is new in it has no profile
    expect((await profiles()).get("device_id d11")).toBeUndefined();

    const run = await jsonOf(["run", "--no-build"], at);
    expect(run.runs).toMatchObject([{ status: "done", counts: { added: 0, updated: 0, removed: 0 } }]);
    expect(sent()).toEqual(before);
    const told = await jsonOf(["why", "buyers-to-file", ann], at);
    expect(told.rows).toMatchObject([
      {
        key: ann,
        in_model: false,
        identity: { quarantined: true },
        answer: expect.stringMatching(/^Its profile is quarantined: .*The destination has it/),
      },
    ]);

    await project.write("sql/seeds/web.csv", web);
    expect(await jsonOf(["build"], at)).toMatchObject({ failed: 0, exit_code: 0 });
    expect((await profiles()).get("user_id u1")).toBe(ann);
    const again = await jsonOf(["run", "--no-build"], at);
    expect(again.runs).toMatchObject([{ counts: { unchanged: 2, added: 0, updated: 0, removed: 0 } }]);
    expect(sent()).toEqual(before);
  });
});
