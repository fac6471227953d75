import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { ensureState, readMeta } from "../../src/state/ensure.ts";
import { type StateHistory, stateHistory } from "../../src/state/migrations.ts";
import { stateTables } from "../../src/state/names.ts";
import { stateVersion } from "../../src/state/schema.ts";
import { sql } from "../../src/warehouse/sql.ts";
import { LedgerLab } from "../support/ledger-lab.ts";

const tables = stateTables("millrace");

let lab: LedgerLab;
beforeEach(async () => {
  lab = await LedgerLab.open();
});
afterEach(() => lab.close());

const version = async (): Promise<number | undefined> =>
  (await lab.rows("select schema_version as v from millrace.meta", z.object({ v: z.number() })))[0]?.v;

/** A later Millrace: version 2 notes who started a run, version 3 fills it in. */
const later: StateHistory = {
  version: stateVersion + 2,
  migrations: [
    {
      to: stateVersion + 1,
      run: (session, { runs }) =>
        session.execute([
          sql`alter table ${session.dialect.relation(runs)} add column started_by ${session.dialect.typeName("text")}`,
        ]),
    },
    {
      to: stateVersion + 2,
      run: (session, { runs }) =>
        session.execute([sql`update ${session.dialect.relation(runs)} set started_by = 'nobody'`]),
    },
  ],
};

const ensure = (history?: StateHistory) =>
  lab.warehouse.session("write", (session) => ensureState(session, tables, "store-1", history));

test("knows the way to its own version from every one before", () => {
  expect(stateHistory.version).toBe(stateVersion);
  expect(stateHistory.migrations.map(({ to }) => to)).toEqual(
    Array.from({ length: stateVersion - 1 }, (_, i) => i + 2),
  );
});

test("brings older tables forward, in order and once, and keeps what they hold", async () => {
  const before = await ensure();
  await lab.sql("insert into millrace.runs (run_id, sync) values ('run-1', 'people')");
  expect(await ensure(later)).toEqual(before);
  expect(await ensure(later)).toEqual(before);
  expect(await version()).toBe(later.version);
  expect(await lab.rows("select run_id, started_by from millrace.runs", z.record(z.string(), z.string()))).toEqual([
    { run_id: "run-1", started_by: "nobody" },
  ]);
});

test("leaves everything as it was when a migration fails", async () => {
  const [first] = later.migrations;
  const broken: StateHistory = {
    version: stateVersion + 2,
    migrations: [...(first ? [first] : []), { to: stateVersion + 2, run: () => Promise.reject(new Error("half way")) }],
  };
  await expect(ensure(broken)).rejects.toThrow("half way");
  expect(await version()).toBe(stateVersion);
  await expect(lab.rows("select started_by from millrace.runs", z.unknown())).rejects.toMatchObject({
    code: "COLUMN_MISSING",
  });
});

test("refuses to jump over a version", async () => {
  await expect(ensure({ version: stateVersion + 2, migrations: later.migrations.slice(1) })).rejects.toMatchObject({
    code: "CONTRACT",
    message: `no migration leads to state version ${stateVersion + 1}`,
  });
});

test("refuses the tables of a newer Millrace, also for reading", async () => {
  await ensure(later);
  const newer = { code: "STATE_DIVERGED", message: expect.stringContaining(`state version ${later.version}`) };
  await expect(ensure()).rejects.toMatchObject(newer);
  await expect(lab.warehouse.session("read", (session) => readMeta(session, tables))).rejects.toMatchObject(newer);
});

test("says whose tables they are, and nothing where there are none", async () => {
  const read = (schema: string) => lab.warehouse.session("read", (session) => readMeta(session, stateTables(schema)));
  expect(await read("elsewhere")).toBeNull();
  expect(await read("millrace")).toEqual({ warehouseId: expect.stringMatching(/^[0-9a-f-]{36}$/), storeId: "store-1" });
});
