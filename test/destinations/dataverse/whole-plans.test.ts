import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Op } from "../../../src/core/change.ts";
import type { Mode } from "../../../src/core/sync.ts";
import type { Row, Value } from "../../../src/core/value.ts";
import { dataverse } from "../../../src/destinations/dataverse/index.ts";
import type { Seen } from "../../../src/sandbox/core/exchange.ts";
import { type Sandbox, startSandbox } from "../../../src/sandbox/sandbox.ts";
import { sandboxAccount } from "../../../src/sandbox/stand-ins.ts";
import { createDriver, type Driver, testClock } from "../../contract/connector-driver.ts";

const clock = testClock();
let sandbox: Sandbox;
let seen: Seen[];
const drivers: Driver[] = [];

beforeEach(async () => {
  seen = [];
  sandbox = await startSandbox({ port: 0, clock, observe: (one) => seen.push(one) });
});
afterEach(async () => {
  for (const driver of drivers.splice(0)) await driver.close();
  await sandbox.close();
});

function drive(target: string, options: Row, mode: Mode): Driver {
  const account = sandboxAccount("dataverse", sandbox.url);
  const secrets = ["sandbox-secret"];
  const driver = createDriver({
    connector: dataverse,
    account,
    target,
    options,
    mode,
    clock,
    secrets,
  });
  drivers.push(driver);
  return driver;
}

const people = (count: number, op: Op = "add", fields: Row = { firstname: "F" }) =>
  Array.from({ length: count }, (_, i) => ({
    key: `p${i}`,
    op,
    match: { cr1_customerno: `N-${i}` },
    fields: op === "remove" ? {} : fields,
  }));

const batches = () => seen.filter((one) => one.path.endsWith("$batch")).length;

function expectBatches(what: string, minimum: number): void {
  console.info(`dataverse ${what}: ${batches()} requests`);
  expect(batches()).toBeGreaterThanOrEqual(minimum);
  expect(batches()).toBeLessThanOrEqual(minimum * 1.05);
}

interface State {
  readonly rows: readonly { readonly id: string; readonly columns: Row }[];
  readonly lists: readonly { readonly id: string; readonly members: readonly string[] }[];
}
async function state(): Promise<State> {
  return ((await (await fetch(`${sandbox.url}/_sandbox/state`)).json()) as { dataverse: State }).dataverse;
}

describe("10,000 changes cost", () => {
  test.each([
    [100, 100],
    [1_000, 10],
  ])("with %i rows a batch %i requests, to write and to delete", async (rows_per_request, minimum) => {
    const driver = drive("record", { table: "contacts", rows_per_request }, "mirror");
    const fates = await driver.deliver(people(10_000));
    expect(fates.every((fate) => fate.status === "delivered" && fate.externalId !== undefined)).toBe(true);
    expectBatches(`record, 10,000 upserts, ${rows_per_request} a batch`, minimum);
    seen = [];
    await driver.deliver(people(10_000, "remove"));
    expectBatches(`record, 10,000 deletions, ${rows_per_request} a batch`, minimum);
    expect((await state()).rows).toHaveLength(0);
  });

  test("twice that to put them into a marketing list, and as much to take them out", async () => {
    const driver = drive("list", { list: "Lapsing", rows_per_request: 1_000 }, "mirror");
    await driver.deliver(people(10_000));
    expectBatches("list, 10,000 adds, 1,000 a batch", 20);
    seen = [];
    await driver.deliver(people(10_000, "remove"));
    expectBatches("list, 10,000 removals by known ids, 1,000 a batch", 10);
    const held = await state();
    expect([held.rows.length, held.lists[0]?.members.length]).toEqual([10_000, 0]);
  });
});

test("nothing sent breaks what Microsoft's pages ask for", async () => {
  const record = drive("record", { table: "contacts" }, "mirror");
  await record.deliver(people(3));
  await record.deliver(people(3), { mode: "update" });
  await record.deliver(people(3), { mode: "insert" });
  const list = drive("list", { list: "O'Brien's", create_records: false }, "mirror");
  await list.deliver(people(2));
  await drive("list", { list: "O'Brien's", create: false }, "mirror").deliver(people(2, "remove"));
  await drive("list", { list: (await state()).lists[0]?.id ?? "", create: false }, "mirror").deliver(people(1));
  await record.deliver(people(3, "remove"));
  await dataverse.check(record.ctx as Parameters<typeof dataverse.check>[0]);
  expect((await state()).lists).toHaveLength(1);
  expect(await (await fetch(`${sandbox.url}/_sandbox/violations`)).json()).toEqual([]);
});

describe("rows", () => {
  test("of a table or with a column that is not there stop the run", async () => {
    const unknown = { code: "DEST_TARGET_INVALID" };
    await expect(drive("record", { table: "nothings" }, "upsert").deliver(people(2))).rejects.toMatchObject(unknown);
    const sent = drive("record", { table: "contacts" }, "upsert").deliver(people(2, "add", { no_such_thing: 1 }));
    await expect(sent).rejects.toMatchObject(unknown);
  });

  test("whose key cannot be addressed are rejected, and the others go on", async () => {
    const odd = { key: "odd", op: "add" as const, match: { cr1_customerno: "a/b" }, fields: {} };
    const fates = await drive("record", { table: "contacts" }, "upsert").deliver([odd, ...people(1)]);
    expect(fates.map((fate) => fate.status)).toEqual(["rejected", "delivered"]);
    expect(fates[0]).toMatchObject({ code: "KEY_CHARACTER" });
  });

  test("that moved and are gone meanwhile are made again", async () => {
    const driver = drive("record", { table: "contacts" }, "mirror");
    await driver.deliver(people(1));
    await drive("record", { table: "contacts" }, "remove").deliver(people(1, "remove"));
    const moved = { key: "p0", op: "update" as const, match: { cr1_customerno: "N-new" }, fields: { firstname: "N" } };
    const [fate] = await driver.deliver([{ ...moved, movedFrom: { cr1_customerno: "N-0" } }]);
    expect(fate?.status).toBe("delivered");
    expect((await state()).rows.map((row) => row.columns.cr1_customerno)).toEqual(["N-new"]);
  });

  test("are found by a key of two columns", async () => {
    const match = { cr1_shop: "Zürich, O'Connell", cr1_number: 7 };
    const row = { key: "k", op: "add" as const, match, fields: { firstname: "Ann" } };
    const driver = drive("record", { table: "contacts" }, "upsert");
    await driver.deliver([row]);
    await driver.deliver([{ ...row, fields: { firstname: "Bea" } }]);
    expect((await state()).rows.map((one) => one.columns)).toEqual([{ ...match, firstname: "Bea" }]);
  });
});

describe("random rows", () => {
  const anyValue: fc.Arbitrary<Value> = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("", "O'Brien", "\u0000", "--batch_\r\n\r\nDELETE /x HTTP/1.1"),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 }),
  );
  const row = fc.record({
    match: fc.record({
      cr1_customerno: fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("N-1", "N 2"), fc.constant(null)),
    }),
    fields: fc.dictionary(fc.constantFrom("firstname", "cr1_days", "description"), anyValue),
    op: fc.constantFrom("add" as const, "remove" as const),
  });

  test.each<[string, Row]>([
    ["record", { table: "contacts" }],
    ["list", { list: "L" }],
  ])("all get a result from %s", async (target, options) => {
    const driver = drive(target, options, "mirror");
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 10 }), async (rows) => {
        runs += 1;
        const fates = await driver.deliver(rows.map((one, i) => ({ ...one, key: `k${runs}-${i}` })));
        expect(fates).toHaveLength(rows.length);
        for (const fate of fates) expect(["delivered", "rejected", "retry"]).toContain(fate.status);
      }),
      { numRuns: 25 },
    );
  });
});
