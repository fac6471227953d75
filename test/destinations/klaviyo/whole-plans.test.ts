import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Mode } from "../../../src/core/sync.ts";
import type { Row, Value } from "../../../src/core/value.ts";
import { klaviyo } from "../../../src/destinations/klaviyo/index.ts";
import type { Seen } from "../../../src/sandbox/core/exchange.ts";
import { type Sandbox, startSandbox } from "../../../src/sandbox/sandbox.ts";
import { createDriver, type Driver, testClock } from "../../contract/connector-driver.ts";
import { klaviyoDescription } from "../../support/api-descriptions.ts";

const clock = testClock();
let sandbox: Sandbox;
let seen: Seen[];
const drivers: Driver[] = [];

beforeEach(async () => {
  seen = [];
  sandbox = await startSandbox({
    port: 0,
    clock,
    observe: (one) => seen.push(one),
    config: { klaviyo: { job_polls: 0 } },
  });
});
afterEach(async () => {
  for (const driver of drivers.splice(0)) await driver.close();
  await sandbox.close();
});

function drive(target: string, options: Row, mode: Mode): Driver {
  const driver = createDriver({
    connector: klaviyo,
    account: { base_url: `${sandbox.url}/klaviyo`, api_key: "pk_sandbox" },
    target,
    options,
    mode,
    clock,
    secrets: ["pk_sandbox"],
  });
  drivers.push(driver);
  return driver;
}

const people = (count: number, op: "add" | "remove" = "add", fields: Row = { first_name: "F", "properties.n": 1 }) =>
  Array.from({ length: count }, (_, i) => ({
    key: `p${i}`,
    op,
    match: { email: `p${i}@example.com` },
    fields: op === "remove" ? {} : fields,
  }));

const consent = { consented_at: "2025-06-01T10:00:00Z" };
const subscribed = { list: "Lapsing", historical_import: true };

/** Writes and the reads they need; finding the list is once per sync. */
const calls = (pattern: RegExp, method?: string): number =>
  seen.filter((one) => pattern.test(one.path) && (method === undefined || one.method === method)).length;

describe("10,000 changes cost", () => {
  test("one import job for a list, and ten removals with their look-ups", async () => {
    const driver = drive("list", { list: "Lapsing" }, "mirror");
    const fates = await driver.deliver(people(10_000));
    expect(fates.every((fate) => fate.status === "delivered")).toBe(true);
    console.info(`klaviyo list, 10,000 adds: ${seen.length} requests`);
    expect(calls(/bulk-import-jobs$/, "POST")).toBe(1);
    expect(calls(/bulk-import-jobs\//)).toBe(1);
    const before = seen.length;
    await driver.deliver(people(10_000, "remove"));
    console.info(`klaviyo list, 10,000 removals without known ids: ${seen.length - before} requests`);
    expect(calls(/relationships\/profiles$/, "DELETE")).toBe(10);
    expect(calls(/\/api\/profiles$/, "GET")).toBeLessThanOrEqual(105);
  });

  test("one import job for profiles", async () => {
    await drive("profile", {}, "upsert").deliver(people(10_000));
    console.info(`klaviyo profile, 10,000 upserts: ${seen.length} requests`);
    expect(seen).toHaveLength(2);
  });

  test("ten requests to subscribe, a hundred to unsubscribe after as many looks into the list", async () => {
    const driver = drive("subscription", subscribed, "mirror");
    await driver.deliver(people(10_000, "add", consent));
    console.info(`klaviyo subscription, 10,000 adds: ${seen.length} requests`);
    expect(calls(/bulk-create-jobs$/)).toBe(10);
    const before = seen.length;
    await driver.deliver(people(10_000, "remove"));
    console.info(`klaviyo subscription, 10,000 removals: ${seen.length - before} requests`);
    expect(calls(/bulk-delete-jobs$/)).toBe(100);
    expect(seen.length - before).toBeLessThanOrEqual(210);
  });

  test("ten requests of events", async () => {
    const driver = drive("event", { metric: "Placed Order" }, "append");
    const run = driver.plan(people(10_000, "add", { value: 12.5, "properties.sku": "A-1" }));
    const fates = await driver.send(run);
    expect(fates.every((fate) => fate.status === "accepted")).toBe(true);
    console.info(`klaviyo event, 10,000 events: ${seen.length} requests`);
    expect(seen).toHaveLength(10);
    expect(klaviyo.targets.event?.requests?.({ metric: "Placed Order", backfill: false }, run.sync)).toBe(10);
  });

  test("a hundred requests to suppress, and as many to end it", async () => {
    const driver = drive("suppression", {}, "mirror");
    await driver.deliver(people(10_000, "add", {}));
    console.info(`klaviyo suppression, 10,000 adds: ${seen.length} requests`);
    expect(calls(/suppression-bulk-create-jobs$/)).toBe(100);
    await driver.deliver(people(10_000, "remove"));
    expect(calls(/suppression-bulk-delete-jobs$/)).toBe(100);
    expect(seen).toHaveLength(200);
  });

  test("a request for each person to be erased, sixty a minute", async () => {
    const driver = drive("erasure", {}, "remove");
    const startedMs = clock.now().getTime();
    await driver.deliver(people(150, "remove"));
    console.info(`klaviyo erasure, 10,000 people: ${(seen.length * 10_000) / 150} requests`);
    expect(seen).toHaveLength(150);
    expect(seen.every((one) => one.status === 202)).toBe(true);
    expect(clock.now().getTime() - startedMs).toBeGreaterThanOrEqual(120_000);
  });
});

test("small mirrors read profile ids back, so that removals need no look-up", async () => {
  const driver = drive("list", { list: "Lapsing" }, "mirror");
  const fates = await driver.deliver(people(250));
  expect(fates.every((fate) => fate.status === "delivered" && fate.externalId !== undefined)).toBe(true);
  expect(calls(/bulk-import-jobs\/[^/]+\/profiles$/)).toBe(3);
  await driver.deliver(people(250, "remove"));
  expect(calls(/\/api\/profiles$/)).toBe(0);
});

test("somebody who is not in the list is never unsubscribed, which would be global", async () => {
  const driver = drive("subscription", subscribed, "mirror");
  await drive("profile", {}, "upsert").deliver(people(3));
  await driver.deliver(people(1, "add", consent));
  const fates = await driver.deliver(people(3, "remove"));
  expect(fates.map((fate) => fate.status)).toEqual(["accepted", "delivered", "delivered"]);
  const sent = seen.filter((one) => one.path.endsWith("bulk-delete-jobs"));
  expect(sent).toHaveLength(1);
  expect(sent[0]?.body).not.toContain("p1@example.com");
});

describe("the list", () => {
  const find = (options: Row) => drive("list", options, "mirror").deliver(people(1));
  const make = async (name: string): Promise<void> => {
    await fetch(`${sandbox.url}/klaviyo/api/lists`, {
      method: "POST",
      headers: {
        authorization: "Klaviyo-API-Key pk_sandbox",
        revision: "2026-07-15",
        "content-type": "application/vnd.api+json",
      },
      body: JSON.stringify({ data: { type: "list", attributes: { name } } }),
    });
  };

  test("is found by name, and by id", async () => {
    await make('Quoted "VIP" list');
    await find({ list: 'Quoted "VIP" list', create: false });
    const id = /\/relationships|"lists":\{"data":\[\{"type":"list","id":"(\w+)"/.exec(
      seen.find((one) => one.path.endsWith("import-jobs"))?.body ?? "",
    )?.[1];
    await find({ list: id ?? "", create: false });
    expect(calls(/\/api\/lists$/, "POST")).toBe(1);
  });

  test("is refused when there are several of its name, or none and none may be made", async () => {
    await make("Twice");
    await make("Twice");
    await expect(find({ list: "Twice" })).rejects.toMatchObject({ code: "DEST_TARGET_INVALID" });
    await expect(find({ list: "Nowhere", create: false })).rejects.toMatchObject({ code: "DEST_TARGET_INVALID" });
  });
});

describe("requests against the vendor's description", () => {
  const found = klaviyoDescription();
  const skip = "skip" in found ? found.skip : null;
  test("have no fault", async (context) => {
    if (skip !== null) context.skip(skip);
    if ("skip" in found) return;
    const list = drive("list", { list: "Lapsing" }, "mirror");
    await list.deliver([...people(3), { key: "bad", op: "add", match: { email: "no address" }, fields: {} }]);
    await list.deliver(people(3, "remove"));
    await drive("profile", {}, "update").deliver(people(3));
    const subscription = drive("subscription", { ...subscribed, channels: ["email", "sms"] }, "mirror");
    await subscription.deliver(people(3, "add", consent));
    await subscription.deliver(people(3, "remove"));
    const event = drive("event", { metric: "Placed Order", backfill: true }, "append");
    const happened = { time: "2026-02-01T10:00:00.000Z", value: 12.5, value_currency: "EUR", "properties.sku": null };
    await event.deliver(people(3, "add", happened));
    const suppression = drive("suppression", {}, "mirror");
    await suppression.deliver(people(3, "add", {}));
    await suppression.deliver(people(3, "remove"));
    await drive("erasure", {}, "remove").deliver([
      ...people(1, "remove"),
      { key: "ext", op: "remove", match: { external_id: "x" }, fields: {} },
      { key: "phone", op: "remove", match: { phone_number: "+4915112345678" }, fields: {} },
    ]);
    await klaviyo.check(list.ctx as Parameters<typeof klaviyo.check>[0]);
    const checked = seen.map((one) => {
      const exchange = { ...one, path: one.path.replace(/^\/klaviyo/, "") };
      return { what: `${exchange.method} ${exchange.path}`, faults: found.description.requestFaults(exchange) };
    });
    expect(checked.filter(({ faults }) => faults === null || faults.length > 0)).toEqual([]);
    expect(checked.length).toBeGreaterThan(10);
    expect(await (await fetch(`${sandbox.url}/_sandbox/violations`)).json()).toEqual([]);
  });
});

describe("random rows", () => {
  const anyValue: fc.Arbitrary<Value> = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("", "O'Brien", "\u0000", "x".repeat(120_000)),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 }),
  );
  const identifier = fc.oneof(fc.emailAddress(), fc.string({ unit: "grapheme" }), fc.constant(null));
  const rowsWith = (fields: readonly string[]) => {
    const anyRow = fc.record({
      match: fc.record({
        email: identifier,
        phone_number: fc.oneof(fc.constant("+4915112345678"), fc.string(), fc.constant(null)),
      }),
      fields: fc.dictionary(fc.constantFrom(...fields), anyValue),
      op: fc.constantFrom("add" as const, "remove" as const),
    });
    const selector = (row: { match: { email: string | null } }) => String(row.match.email).trim().toLowerCase();
    return fc.uniqueArray(anyRow, { maxLength: 10, selector });
  };

  test.each<[string, Row, readonly string[]]>([
    ["list", { list: "Lapsing" }, ["first_name", "location.city", "properties.n"]],
    ["profile", {}, ["last_name", "location.latitude", "properties.n"]],
    ["subscription", { list: "Lapsing", channels: ["email", "sms"], historical_import: true }, ["consented_at"]],
    ["event", { metric: "Placed Order" }, ["unique_id", "properties.n", "properties.m"]],
    ["suppression", {}, ["note"]],
    ["erasure", {}, ["note"]],
  ])("all get a result from %s", async (target, options, fields) => {
    const modes: Readonly<Record<string, Mode>> = { profile: "update", event: "append", erasure: "remove" };
    const only: Readonly<Record<string, "add" | "remove">> = { profile: "add", event: "add", erasure: "remove" };
    const driver = drive(target, options, modes[target] ?? "mirror");
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(rowsWith(fields), async (rows) => {
        runs += 1;
        const op = (row: { op: "add" | "remove" }) => only[target] ?? row.op;
        const fates = await driver.deliver(rows.map((row, i) => ({ ...row, op: op(row), key: `k${runs}-${i}` })));
        expect(fates).toHaveLength(rows.length);
        for (const fate of fates) expect(["delivered", "accepted", "rejected", "retry"]).toContain(fate.status);
      }),
      { numRuns: 25 },
    );
  });
});
