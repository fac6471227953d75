import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Mode } from "../../../src/core/sync.ts";
import type { Row, Value } from "../../../src/core/value.ts";
import { salesforce } from "../../../src/destinations/salesforce/index.ts";
import { record } from "../../../src/destinations/salesforce/record.ts";
import type { Seen } from "../../../src/sandbox/core/exchange.ts";
import { type Sandbox, startSandbox } from "../../../src/sandbox/sandbox.ts";
import { createDriver, type Driver, testClock } from "../../contract/connector-driver.ts";
import { salesforceDescription } from "../../support/api-descriptions.ts";

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
    config: {
      salesforce: { job_polls: 0, objects: { Contact: { fields: { No__c: { external_id: true, unique: true } } } } },
    },
  });
});
afterEach(async () => {
  for (const driver of drivers.splice(0)) await driver.close();
  await sandbox.close();
});

function drive(options: Row = {}, mode: Mode = "mirror", target = "record"): Driver {
  const driver = createDriver({
    connector: salesforce,
    account: { base_url: `${sandbox.url}/salesforce`, client_id: "sandbox-id", client_secret: "sandbox-secret" },
    target,
    options: { object: "Contact", ...options },
    mode,
    clock,
    secrets: ["sandbox-secret"],
  });
  drivers.push(driver);
  return driver;
}

const contacts = (count: number, op: "add" | "remove" = "add") =>
  Array.from({ length: count }, (_, i) => ({
    key: `c${i}`,
    op,
    match: { No__c: `C-${i}` },
    fields: op === "remove" ? {} : { LastName: `Last ${i}`, Email: `c${i}@example.com` },
  }));

/** Requests on data: signing in is once per process, not per change. */
const calls = (): number => seen.filter((one) => !one.path.includes("/oauth2/")).length;

describe("10,000 changes cost", () => {
  // 200 records a request: https://developer.salesforce.com/docs/platform/api-rest/guide/resources-composite-sobjects-collections-upsert.html
  test.each<[string, Row, number]>([
    ["collections", { bulk: "never" }, 50],
    ["a bulk job: create, upload, start, one poll, results", {}, 5],
  ])("%s", async (name, options, minimum) => {
    const driver = drive(options);
    const fates = await driver.deliver(contacts(10_000));
    expect(fates.every((fate) => fate.status === "delivered")).toBe(true);
    const sent = calls();
    console.info(`salesforce, 10,000 upserts by ${name}: ${sent} requests`);
    expect(sent).toBeLessThanOrEqual(minimum * 1.05);

    await driver.deliver(contacts(10_000, "remove"));
    console.info(`salesforce, 10,000 removals by ${name}: ${calls() - sent} requests`);
    expect(calls() - sent).toBeLessThanOrEqual(minimum * 1.05);
  });

  test("no more than the plan says, look-ups included", async () => {
    const driver = drive({ bulk: "never" }, "update");
    const run = driver.plan(contacts(1_000), { onlyIfEmpty: ["Email"] });
    await driver.send(run);
    expect(calls()).toBeLessThanOrEqual(
      record.requests?.(record.options.parse({ object: "Contact", bulk: "never" }), run.sync) ?? 0,
    );
  });
});

test("bulk jobs upsert, update, insert and delete", async () => {
  const driver = drive({ bulk: "always" });
  const fates = [
    ...(await driver.deliver(contacts(3))),
    ...(await driver.deliver(contacts(3), { mode: "update" })),
    ...(await driver.deliver(contacts(5), { mode: "insert" })),
    ...(await driver.deliver(contacts(5, "remove"))),
  ];
  expect(fates.every((fate) => fate.status === "delivered")).toBe(true);
  const jobs = seen.filter((one) => one.method === "POST" && one.path.endsWith("/jobs/ingest"));
  const operations = jobs.map((one) => (JSON.parse(one.body) as { operation: string }).operation);
  expect(operations).toEqual(["upsert", "update", "insert", "delete"]);
});

describe("requests against the vendor's description", () => {
  const found = salesforceDescription();
  const skip = "skip" in found ? found.skip : null;
  test("have no fault", async (context) => {
    if (skip !== null) context.skip(skip);
    if ("skip" in found) return;
    for (const bulk of ["never", "always"]) {
      const driver = drive({ bulk });
      await driver.deliver(contacts(5));
      await driver.deliver(contacts(5), { mode: "update" });
      await driver.deliver(contacts(7), { mode: "insert" });
      await driver.deliver(contacts(7, "remove"));
    }
    await drive().deliver(contacts(3));
    await drive({}, "remove", "erasure").deliver(contacts(3, "remove"));
    const checked = seen.flatMap((one) => {
      const exchange = { ...one, path: one.path.replace(/^\/salesforce/, "") };
      // The descriptions' /query is that of bulk query jobs, not SOQL's.
      if (exchange.path.endsWith("/query")) return [];
      const faults = found.description.requestFaults(exchange);
      return faults === null ? [] : [{ what: `${exchange.method} ${exchange.path}`, faults }];
    });
    expect(checked.filter(({ faults }) => faults.length > 0)).toEqual([]);
    expect(new Set(checked.map(({ what }) => what.replace(/750\w+/, "{job}"))).size).toBeGreaterThanOrEqual(5);
    expect(await (await fetch(`${sandbox.url}/_sandbox/violations`)).json()).toEqual([]);
  });
});

describe("random rows", () => {
  const anyValue: fc.Arbitrary<Value> = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("#N/A", "", "O'Brien", 'a,b\n"c"', "\u0000", "x".repeat(33_000)),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.string(), { maxLength: 3 }),
    fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 }),
  );
  const anyRow = fc.record({
    match: fc.record({
      No__c: fc.oneof(fc.string({ unit: "grapheme", maxLength: 40 }), fc.integer(), fc.constant(null)),
    }),
    fields: fc.dictionary(fc.constantFrom("LastName", "Email", "Description", "Phone", "Free__c"), anyValue),
    op: fc.constantFrom("add" as const, "update" as const, "remove" as const),
  });
  const distinct = fc.uniqueArray(anyRow, { maxLength: 12, selector: (row) => String(row.match.No__c).toLowerCase() });

  test.each(["never", "always"])("all get a result, with bulk: %s", async (bulk) => {
    await fc.assert(
      fc.asyncProperty(distinct, fc.constantFrom<Mode>("mirror", "update", "insert"), async (rows, mode) => {
        const driver = drive({ bulk }, mode);
        const fates = await driver.deliver(rows.map((row, i) => ({ ...row, key: `k${i}` })));
        expect(fates).toHaveLength(rows.length);
        for (const fate of fates) expect(["delivered", "rejected", "retry"]).toContain(fate.status);
      }),
      { numRuns: 25 },
    );
  });
});
