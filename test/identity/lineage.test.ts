import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IdentityLab, openIdentityLab } from "../support/identity-lab.ts";
import { build, declare } from "./stitching.ts";

const yaml = `identity:
  namespaces:
    user_id: { priority: 1, verified: true }
    email: { priority: 2, normalise: email }
    device_id: { priority: 3 }
  sources:
    web: { table: web, key: id, at: seen, identifiers: { user_id: user_id, email: email, device_id: device_id } }
  guards: { brake: off }
`;

describe("what is told of profiles", () => {
  let lab: IdentityLab;
  beforeAll(async () => {
    lab = await openIdentityLab({});
    await declare(lab, yaml);
    await lab.sql(
      "create table web (id integer, seen timestamp, user_id text, email text, device_id text)",
      "insert into web values (1, '2025-01-01', 'u1', null, null), (2, '2025-01-01', null, 'a@x.org', null), (3, '2025-01-01', null, null, 'd1')",
    );
    await build(lab);
  }, 180_000);
  afterAll(() => lab?.close());

  it("tells of each merge once, though aliases follow it, and of no guard where none was at work", async () => {
    await lab.sql("insert into web values (4, '2025-01-02', null, 'a@x.org', 'd1')");
    await build(lab);
    await lab.sql("insert into web values (5, '2025-01-03', 'u1', 'a@x.org', null)");
    await build(lab);
    const merges = await lab.sql("select run, cause from profile_lineage where event = 'merge' order by run");
    expect(merges).toEqual([
      { run: 2, cause: "same_record of web: device_id – email" },
      { run: 3, cause: "same_record of web: email – user_id" },
    ]);
    expect(await lab.sql("select merged from identity_state_run order by run")).toMatchObject([
      { merged: 0 },
      { merged: 1 },
      { merged: 1 },
    ]);
    expect(await lab.sql("select distinct profile_id from profile_alias")).toHaveLength(1);
    expect(await lab.sql("select old_profile_id from profile_alias")).toHaveLength(2);
  }, 240_000);

  it("numbers its tables, brings unnumbered and older ones forward, and leaves those of a newer version alone", async () => {
    const ids = await lab.sql("select distinct profile_id from identity_component");
    await lab.sql("drop table identity_state_version");
    await lab.write(
      "macros/migrations.sql",
      "{% macro default__identity_migrations(here) -%}{{ return({1: [], 2: [], 3: [], 4: [], 5: ['alter table ' ~ millrace.identity_state(here, 'decision') ~ ' add column if not exists told text']}) }}{%- endmacro %}",
    );
    await build(lab);
    expect(await lab.sql("select max(version) as v from identity_state_version")).toEqual([{ v: 5 }]);
    expect(await lab.sql("select told from identity_decision")).toEqual([]);
    expect(await lab.sql("select distinct profile_id from identity_component")).toEqual(ids);
    await lab.write("macros/migrations.sql", "");
    await expect(build(lab)).rejects.toThrow(/IDENTITY_STATE_NEWER.*state version 5, this one knows 4/);
    expect(await lab.sql("select distinct profile_id from identity_component")).toEqual(ids);
    // as version 1 left them
    await lab.sql("delete from identity_state_version where version > 1", "drop table identity_state_step");
    await lab.sql(
      "drop view identity_record",
      "drop table identity_state_reading",
      "create table identity_record as select 1 as source",
    );
    for (const column of ["from_run", "to_run"])
      await lab.sql(`alter table identity_state_golden drop column ${column}`);
    for (const column of ["rules", "read_all", "golden"])
      await lab.sql(`alter table identity_state_run drop column ${column}`);
    await build(lab);
    expect(await lab.sql("select max(version) as v from identity_state_version")).toEqual([{ v: 4 }]);
    expect(await lab.sql("select stage from identity_state_step where stage = 'finish'")).toHaveLength(1);
  }, 120_000);

  it("gives every profile its best identifiers where no source has traits", async () => {
    const { log } = await build(lab, { tests: "with-tests" });
    const stages = [
      "identity_record, .*read records 2 .1 rows.",
      "identity_resolution, .*vertices 1.*finish 1",
      "identity_golden, .*golden rules 1",
    ];
    for (const stage of stages)
      expect(log).toMatch(new RegExp(`identity run \\d+, ${stage.replace(", ", ", statements and rows by stage: ")}`));
    expect(await lab.sql("select user_id, email, device_id from profile_golden")).toEqual([
      { user_id: "u1", email: "a@x.org", device_id: "d1" },
    ]);
  }, 240_000);
});
