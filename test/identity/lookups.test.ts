import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type IdentityLab, openIdentityLab } from "../support/identity-lab.ts";
import { type Database, freshDatabase } from "../support/postgres-database.ts";
import { build, declare } from "./stitching.ts";

const plan = z.array(z.object({ "QUERY PLAN": z.string() }));

describe("events that Postgres knows nothing of, as dbt has just built them", () => {
  let lab: IdentityLab;
  let database: Database;

  beforeAll(async () => {
    database = await freshDatabase();
    lab = await openIdentityLab({}, database.url);
    await declare(
      lab,
      `identity:
  namespaces: { user_id: { priority: 1 } }
  sources: { web: { table: web, key: id, at: seen, identifiers: { user_id: user_id } } }
`,
    );
    await lab.sql(
      "create table web as select i as id, timestamp '2025-01-01' as seen, 'u' || i as user_id from generate_series(1, 3000) as s(i)",
    );
  }, 120_000);
  afterAll(async () => {
    await lab?.close();
    await database?.remove();
  });

  it.each(["first", "later"])(
    "find their profiles one by one after a %s run, and not all of them for each",
    async () => {
      await build(lab);
      await lab.sql(
        "drop table if exists events",
        "create table events with (autovacuum_enabled = false) as select i as id, timestamp '2025-01-01' as at, 'u' || i as user_id, 'bought' as kind from generate_series(1, 3000) as s(i)",
      );
      const told = await lab.sql(
        `explain select i.profile_id, count(*) from events as e inner join identity_component as i on i.namespace = 'user_id' and i.value = e.user_id
        where e.at < timestamp '2026-01-01' and e.at >= timestamp '2024-01-01' and e.kind = 'bought' group by 1`,
      );
      const lines = plan.parse(told).map((row) => row["QUERY PLAN"].trim());
      expect(lines.filter((line) => line.includes("on identity_state_profile"))).toEqual([
        expect.stringContaining("Index Scan using identity_state_profile_by_profile_id"),
      ]);
    },
    120_000,
  );
});
