import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Op } from "../../../src/core/change.ts";
import { OutcomeUnknown, QuotaExhausted } from "../../../src/core/delivery-errors.ts";
import type { Mode } from "../../../src/core/sync.ts";
import type { Row, Value } from "../../../src/core/value.ts";
import { hubspot } from "../../../src/destinations/hubspot/index.ts";
import type { Seen } from "../../../src/sandbox/core/exchange.ts";
import { type Sandbox, startSandbox } from "../../../src/sandbox/sandbox.ts";
import { createDriver, type Driver, testClock } from "../../contract/connector-driver.ts";
import { tellSandbox } from "../../contract/sandbox-faults.ts";
import { hubspotRequestFaults } from "../../support/hubspot-description.ts";
import { type HubspotState, seedRecords } from "./portal.ts";

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

function drive(target: string, options: Row, mode: Mode, account: Row = {}): Driver {
  const driver = createDriver({
    connector: hubspot,
    account: { base_url: `${sandbox.url}/hubspot`, access_token: "pat-sandbox", ...account },
    target,
    options,
    mode,
    clock,
    secrets: ["pat-sandbox"],
  });
  drivers.push(driver);
  return driver;
}

const people = (count: number, op: Op = "add", fields: Row = { firstname: "F" }) =>
  Array.from({ length: count }, (_, i) => ({
    key: `p${i}`,
    op,
    match: { email: `p${i}@example.com` },
    fields: op === "remove" ? {} : fields,
  }));
const pairs = (count: number, op: Op = "add") =>
  Array.from({ length: count }, (_, i) => ({
    key: `a${i}`,
    op,
    match: { from: `N-${i + 1}`, to: `N-${i + 1}` },
    fields: {},
  }));
const placed = { event: "pe1234567_placed_order" };
const orders = (count: number) => people(count, "add", { "properties.note": "x", "properties.revenue": 12.5 });
const linked = { from: "contacts", to: "companies", from_property: "customer_no", to_property: "customer_no" };

async function state(): Promise<HubspotState> {
  const reply = await fetch(`${sandbox.url}/_sandbox/state`);
  return ((await reply.json()) as { hubspot: HubspotState }).hubspot;
}

const misbehave = (rule: Row) => tellSandbox(sandbox.url, { platform: "hubspot", ...rule });

/** Within 5 % of the minimum. */
function expectRequests(what: string, requests: number, minimum: number): void {
  console.info(`hubspot ${what}: ${requests} requests`);
  expect(requests).toBeGreaterThanOrEqual(minimum);
  expect(requests).toBeLessThanOrEqual(minimum * 1.05);
}

describe("10,000 changes cost", () => {
  test("a hundred upserts, and a hundred archivals of records whose ids are known", async () => {
    const driver = drive("record", { object: "contacts" }, "mirror");
    const fates = await driver.deliver(people(10_000));
    expect(fates.every((fate) => fate.status === "delivered" && fate.externalId !== undefined)).toBe(true);
    expectRequests("record, 10,000 upserts", seen.length, 100);
    seen = [];
    await driver.deliver(people(10_000, "remove"));
    expectRequests("record, 10,000 archivals by known ids", seen.length, 100);
    expect((await state()).records).toHaveLength(0);
  });

  test("ten more to put them into a list, and ten to take them out", async () => {
    const driver = drive("list", { list: "Lapsing" }, "mirror");
    await driver.deliver(people(10_000));
    // The list is looked for and made once.
    expectRequests("list, 10,000 adds", seen.length - 2, 110);
    seen = [];
    await driver.deliver(people(10_000, "remove"));
    expectRequests("list, 10,000 removals by known ids", seen.length, 10);
    expect((await state()).lists[0]?.members).toHaveLength(0);
  });

  test("a hundred writes and as many looks for who has unsubscribed", async () => {
    const driver = drive("subscription", { subscription: "Newsletter" }, "mirror");
    await driver.deliver(people(10_000, "add", {}));
    expectRequests("subscription, 10,000 adds", seen.length - 1, 200);
    seen = [];
    await driver.deliver(people(10_000, "remove"));
    expectRequests("subscription, 10,000 removals", seen.length, 100);
  });

  test("a request per hundred events", async () => {
    await drive("event", placed, "append").deliver(orders(10_000));
    expectRequests("event, 10,000", seen.length, 100);
    // The same events of the same sync have the same ids.
    const ids = (await state()).events.map((one) => one.uuid);
    expect(new Set(ids).size).toBe(10_000);
    await drive("event", placed, "append").deliver(orders(1));
    expect((await state()).events.at(-1)?.uuid).toBe(ids[0]);
  });

  test("five associations' batches where record ids are given", async () => {
    const rows = pairs(10_000).map((row) => ({ ...row, match: { from: "1", to: row.key.slice(1) } }));
    await drive("association", { from: "contacts", to: "companies" }, "upsert").deliver(rows);
    expectRequests("association, 10,000 by record id", seen.length, 5);
  });
});

test("every request fits HubSpot's pages and the types of its client", async () => {
  for (const api_version of ["v3", "2026-03"]) {
    const record = drive("record", { object: "contacts" }, "mirror", { api_version });
    await record.deliver([
      ...people(3),
      { ...people(4)[3], op: "add", key: "bad", match: { email: "no address" }, fields: {} },
    ]);
    await record.deliver(people(3), { mode: "update", onlyIfEmpty: ["firstname"] });
    await record.deliver(people(3), { mode: "insert" });
    const list = drive("list", { list: `L ${api_version}/ü`, create_records: false }, "mirror", { api_version });
    await list.deliver(people(3));
    await list.deliver(people(3, "remove"));
    await record.deliver(people(3, "remove"));
    await seedRecords(sandbox.url, "contacts", 5);
    await seedRecords(sandbox.url, "companies", 5);
    for (const label of [null, { category: "USER_DEFINED", type_id: 21 }]) {
      const links = drive("association", label === null ? linked : { ...linked, label }, "mirror", { api_version });
      await links.deliver(pairs(3));
      await links.deliver(pairs(3, "remove"));
    }
    const basis = { legal_basis: "CONSENT_WITH_NOTICE", legal_basis_explanation: "sign-up form" };
    const consent = drive("subscription", { subscription: "7", ...basis }, "mirror", { api_version });
    await consent.deliver(people(3, "add", {}));
    await consent.deliver(people(3, "remove"));
    await drive("event", placed, "append", { api_version }).deliver(orders(3));
    await drive("erasure", {}, "remove", { api_version }).deliver(people(2, "remove"));
    await hubspot.check(record.ctx as Parameters<typeof hubspot.check>[0]);
  }
  const checked = seen.map((one) => {
    const exchange = { ...one, path: one.path.replace(/^\/hubspot/, "") };
    return { what: `${exchange.method} ${exchange.path}`, faults: hubspotRequestFaults(exchange) };
  });
  expect(checked.filter(({ faults }) => faults === null || faults.length > 0)).toEqual([]);
  expect(checked.length).toBeGreaterThan(40);
  expect(await (await fetch(`${sandbox.url}/_sandbox/violations`)).json()).toEqual([]);
});

describe("consent", () => {
  const options = { subscription: "Newsletter" };
  test("nobody who has unsubscribed is subscribed again, unless the sync says so", async () => {
    const driver = drive("subscription", options, "mirror");
    await driver.deliver(people(2, "add", {}));
    await driver.deliver(people(1, "remove"));
    const fates = await driver.deliver(people(2, "add", {}));
    expect(fates[0]).toMatchObject({ status: "rejected", code: "UNSUBSCRIBED" });
    expect(fates[1]?.status).toBe("delivered");
    const again = await drive("subscription", { ...options, resubscribe: true }, "mirror").deliver(
      people(1, "add", {}),
    );
    expect(again[0]?.status).toBe("delivered");
  });

  test("a removal ends one subscription and leaves the others", async () => {
    await drive("subscription", { subscription: "Offers" }, "mirror").deliver(people(1, "add", {}));
    const driver = drive("subscription", options, "mirror");
    await driver.deliver(people(1, "add", {}));
    await driver.deliver(people(1, "remove"));
    expect((await state()).subscriptions).toEqual({
      "7/p0@example.com": "UNSUBSCRIBED",
      "8/p0@example.com": "SUBSCRIBED",
    });
    expect(seen.some((one) => one.path.includes("unsubscribe-all"))).toBe(false);
  });

  test.each([
    ["subscription", options, "write"],
    ["association", linked, "associate"],
  ])("an unanswered request of %s is sent again and changes nothing twice", async (target, to, path) => {
    await seedRecords(sandbox.url, "contacts", 2);
    await seedRecords(sandbox.url, "companies", 2);
    const driver = drive(target, to, "mirror");
    for (const kind of ["error_after", "timeout_after"]) {
      const run = driver.plan(target === "subscription" ? people(2, "add", {}) : pairs(2));
      await misbehave({ kind, match: { method: "POST", path }, ...(kind === "timeout_after" ? { how: "reset" } : {}) });
      await expect(driver.send(run)).rejects.toBeInstanceOf(OutcomeUnknown);
      expect((await driver.send(run)).map((fate) => fate.status)).toEqual(["delivered", "delivered"]);
    }
    const held = await state();
    expect(Object.keys(held.subscriptions).length + held.associations.length).toBe(2);
  });
});

test("erases contacts for good, and those that are not there", async () => {
  await drive("record", { object: "contacts" }, "upsert").deliver(people(2));
  const fates = await drive("erasure", {}, "remove").deliver(people(3, "remove"));
  expect(fates.map((fate) => fate.status)).toEqual(["delivered", "delivered", "delivered"]);
  const held = await state();
  expect([held.records.length, held.blocked.length]).toEqual([0, 3]);
  const [back] = await drive("record", { object: "contacts" }, "upsert").deliver(people(1));
  expect(back).toMatchObject({ status: "rejected", code: "INVALID_EMAIL" });
});

describe("records", () => {
  test("that only differ in case are one, and the second row is told so", async () => {
    const [row] = people(1);
    const twin = { key: "twin", op: "add" as const, match: { email: "P0@Example.com" }, fields: { firstname: "T" } };
    const fates = await drive("record", { object: "contacts" }, "upsert").deliver([
      ...(row === undefined ? [] : [row]),
      twin,
    ]);
    expect(fates.map((fate) => fate.status)).toEqual(["delivered", "rejected"]);
    expect(fates[1]).toMatchObject({ code: "DUPLICATE_MATCH" });
  });

  test("that moved and are gone meanwhile are made again", async () => {
    const driver = drive("record", { object: "contacts" }, "mirror");
    await driver.deliver(people(1));
    await drive("erasure", {}, "remove").deliver(people(1, "remove"));
    const moved = { key: "p0", op: "update" as const, match: { email: "new@example.com" }, fields: { firstname: "N" } };
    const [fate] = await driver.deliver([{ ...moved, movedFrom: { email: "p0@example.com" } }]);
    expect(fate?.status).toBe("delivered");
    expect((await state()).records.map((record) => record.properties.email)).toEqual(["new@example.com"]);
  });

  test("with a property that is not there stop the run instead of being rejected one by one", async () => {
    const sent = drive("record", { object: "contacts" }, "upsert").deliver(people(3, "add", { no_such_thing: 1 }));
    await expect(sent).rejects.toMatchObject({ code: "DEST_TARGET_INVALID" });
    expect(seen).toHaveLength(1);
  });

  test("stop when the day's requests are used up", async () => {
    const small = await startSandbox({ port: 0, clock, config: { hubspot: { requests_per_day: 1 } } });
    const driver = drive("record", { object: "contacts" }, "upsert", { base_url: `${small.url}/hubspot` });
    await expect(driver.deliver(people(200))).rejects.toBeInstanceOf(QuotaExhausted);
    await small.close();
  });
});

describe("the list", () => {
  const find = (options: Row) => drive("list", options, "mirror").deliver(people(1));
  test("is found by name or by id, and made once", async () => {
    await find({ list: "VIP / Zürich" });
    const [list] = (await state()).lists;
    await find({ list: "VIP / Zürich", create: false });
    await find({ list: list?.id ?? "", create: false });
    expect((await state()).lists).toHaveLength(1);
  });

  test("is refused when it is not there and may not be made, or belongs to another object", async () => {
    await expect(find({ list: "Nowhere", create: false })).rejects.toMatchObject({ code: "DEST_TARGET_INVALID" });
    await find({ list: "People" });
    const [list] = (await state()).lists;
    const other = drive("list", { list: list?.id ?? "", object: "companies" }, "mirror");
    await expect(other.deliver(people(1))).rejects.toMatchObject({ code: "DEST_TARGET_INVALID" });
  });

  test("takes no strangers with create_records: false", async () => {
    const fates = await drive("list", { list: "L", create_records: false }, "mirror").deliver(people(2));
    expect(fates.map((fate) => (fate.status === "rejected" ? fate.code : fate.status))).toEqual([
      "NOT_FOUND",
      "NOT_FOUND",
    ]);
    expect((await state()).records).toHaveLength(0);
  });
});

describe("random rows", () => {
  const anyValue: fc.Arbitrary<Value> = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("", "O'Brien", "\u0000", "x".repeat(70_000)),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 }),
  );
  const identifier = fc.oneof(
    fc.emailAddress(),
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("N-1", "N-2"),
    fc.constant(null),
  );
  const row = (match: readonly string[], fields: readonly string[]) =>
    fc.record({
      match: fc.record(Object.fromEntries(match.map((name) => [name, identifier]))),
      fields: fields.length === 0 ? fc.constant({}) : fc.dictionary(fc.constantFrom(...fields), anyValue),
      op: fc.constantFrom("add" as const, "remove" as const),
    });

  test.each<[string, Row, readonly string[], readonly string[]]>([
    ["record", { object: "contacts" }, ["email"], ["firstname", "days_silent", "note"]],
    ["list", { list: "L" }, ["email"], ["firstname", "days_silent"]],
    ["association", linked, ["from", "to"], []],
    ["subscription", { subscription: "Offers" }, ["email"], []],
    ["event", placed, ["email"], ["properties.note", "properties.revenue", "occurredAt"]],
  ])("all get a result from %s", async (target, options, match, fields) => {
    await seedRecords(sandbox.url, "contacts", 2);
    await seedRecords(sandbox.url, "companies", 2);
    const told = target === "event";
    const driver = drive(target, options, told ? "append" : "mirror");
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(row(match, fields), { maxLength: 10 }), async (rows) => {
        runs += 1;
        const fates = await driver.deliver(
          rows.map((one, i) => ({ ...one, op: told ? ("add" as const) : one.op, key: `k${runs}-${i}` })),
        );
        expect(fates).toHaveLength(rows.length);
        for (const fate of fates) expect([told ? "accepted" : "delivered", "rejected", "retry"]).toContain(fate.status);
      }),
      { numRuns: 25 },
    );
  });
});
