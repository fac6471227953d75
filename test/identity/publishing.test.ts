import { existsSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { type IdentityLab, openIdentityLab } from "../support/identity-lab.ts";
import { type Database, freshDatabase } from "../support/postgres-database.ts";
import { GuardedWorld } from "./guarded-world.ts";
import { publishedState } from "./published-state.ts";
import { build, declare } from "./stitching.ts";

const row = (columns: string): string => `string_agg(concat_ws(' ', ${columns}), '|' order by ${columns})`;

/** All published tables in one statement, so in one snapshot: a reader that joins them. */
const everything = `select md5(concat_ws('#',
  (select ${row("namespace, value, status, records")} from identifier),
  (select ${row("namespace, value, profile_id, quarantined")} from identity_component),
  (select ${row("profile_id, status, quarantined, anchor_value")} from profile),
  (select ${row("old_profile_id, profile_id")} from profile_alias),
  (select ${row("run, profile_id, event, other_profile_id")} from profile_lineage),
  (select ${row("guard, namespace, value, evidence")} from identity_violation),
  (select ${row("a_value, b_value, rule, source, status, observations")} from identity_edge),
  (select ${row("profile_id, trait, value, record_key")} from profile_golden_provenance)
)) as state`;

describe("a reader beside identity runs, on Postgres", () => {
  let lab: IdentityLab;
  let database: Database;
  let reader: pg.Client;
  beforeAll(async () => {
    database = await freshDatabase();
    lab = await openIdentityLab({}, database.url);
    reader = new pg.Client({ connectionString: database.url });
    await reader.connect();
  }, 120_000);
  afterAll(async () => {
    await reader?.end();
    await lab?.close();
    await database?.remove();
  });

  it("sees one whole run after the other, never an empty or a mixed one", async () => {
    const world = new GuardedWorld(5);
    await declare(lab, world.yaml());
    await world.load(lab);
    await build(lab);
    const published = [await stateBy(lab.sql)];
    const seen = [...published];
    const read = async (): Promise<void> => {
      const state = await stateBy(async (query) => (await reader.query<{ state: string }>(query)).rows);
      if (state !== seen.at(-1)) seen.push(state);
    };
    for (let step = 0; step < 2; step++) {
      await world.move(lab, step === 0 ? 0 : step + 2);
      await declare(lab, world.yaml());
      const during = { reads: 0, running: true };
      const running = build(lab).finally(() => {
        during.running = false;
      });
      while (during.running) {
        await read();
        during.reads++;
      }
      await running;
      expect(during.reads).toBeGreaterThan(3);
      published.push(await stateBy(lab.sql));
      await read();
    }
    expect(new Set(published).size).toBe(3);
    expect(seen).toEqual(published);
  }, 600_000);
});

/** Where the lab's dbt stands still, and what a reader must find if it is killed there. */
const instants = [
  ["staged", "old"],
  ["moved", "old"],
  ["published", "new"],
] as const;

const hooks = `models:
  lab:
    millrace:
      identity:
        identity_published: { +pre-hook: "{{ stand_still('staged') }}", +post-hook: "{{ stand_still('moved') }}" }
        identity_component: { +pre-hook: "{{ stand_still('published') }}" }
`;

/** Says that it came there by a file of the instant's name, and asks what takes for ever. */
const standStill = (folder: string): string => `{% macro stand_still(instant) %}
{% if execute and env_var('STAND_STILL', '') == instant %}
{% do run_query("copy (select 1 as reached) to '${folder}/" ~ instant ~ "'") %}
{% do run_query("select count(*) from range(1000000000) as a(x), range(1000000000) as b(y) where x + y < 0") %}
{% endif %}
{% endmacro %}
`;

describe("an identity run that is killed, on DuckDB", () => {
  let lab: IdentityLab;
  beforeAll(async () => {
    lab = await openIdentityLab({});
    await lab.write("macros/stand_still.sql", standStill(lab.dir));
    await lab.write(
      "dbt_project.yml",
      `name: lab\nprofile: lab\nconfig-version: 2\nflags: {send_anonymous_usage_stats: false}\n${hooks}`,
    );
  }, 120_000);
  afterAll(() => lab?.close());

  it("leaves the whole old state or the whole new one, and the next run comes to what a full recompute comes to", async () => {
    const world = new GuardedWorld(5);
    await declare(lab, world.yaml());
    await world.load(lab);
    await build(lab);
    const ids = new Set((await lab.sql("select profile_id from profile")).map((row) => String(row.profile_id)));
    const before = await publishedState(lab, ids);
    for (const [step, [instant, left]] of instants.entries()) {
      await world.move(lab, step);
      await declare(lab, world.yaml());
      let fate = "running";
      const ending = build(lab, { env: { STAND_STILL: instant } }).then(
        () => "ended by itself",
        () => "killed",
      );
      void ending.then((how) => (fate = how));
      while (fate === "running" && !existsSync(join(lab.dir, instant))) await systemClock.sleep(25);
      await lab.crash();
      expect(await ending, instant).toBe("killed");
      const found = await publishedState(lab, ids);
      if (left === "old") expect(found, instant).toEqual(before);
      else {
        expect(found, instant).not.toEqual(before);
        // nothing changed since: had the killed run published a part, the next one would publish the rest
        await build(lab);
        expect(await publishedState(lab, ids), instant).toEqual(found);
      }
    }
    const next = await publishedState(lab, ids);
    await build(lab, { args: ["--full-refresh"] });
    expect(await publishedState(lab, ids)).toEqual(next);
  }, 600_000);
});

async function stateBy(ask: (query: string) => Promise<readonly Readonly<Record<string, unknown>>[]>): Promise<string> {
  const [{ state } = {}] = await ask(everything);
  return String(state);
}
