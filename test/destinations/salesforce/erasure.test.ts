import { afterEach, beforeEach, expect, test } from "vitest";
import { AuthFailed } from "../../../src/core/delivery-errors.ts";
import { erasure } from "../../../src/destinations/salesforce/erasure.ts";
import { openStandIn, type StandIn } from "./stand-in.ts";

let standIn: StandIn;
beforeEach(async () => {
  standIn = await openStandIn();
});
afterEach(() => standIn.close());

const to = { object: "Contact" };
const forget = (key: string, match: Record<string, string>) => ({ key, op: "remove" as const, match, fields: {} });
const contact = (LastName: string, Email: string) => ({ LastName, Email });

test("all records of an address go, however it is written, past the Recycle Bin", async () => {
  await standIn.make("Contact", [
    contact("One", "ann@example.com"),
    contact("Two", "Ann@Example.com"),
    contact("Other", "bob@example.com"),
  ]);
  const fates = await standIn
    .drive("erasure", to, "remove")
    .deliver([forget("a", { Email: "ANN@example.com" }), forget("b", { Email: "nobody@example.com" })]);
  expect(fates).toEqual([{ status: "delivered" }, { status: "delivered" }]);
  expect((await standIn.held("Contact")).map((record) => record.LastName)).toEqual(["Other"]);
  const jobs = standIn.seen.filter((one) => one.method === "POST" && one.path.endsWith("/jobs/ingest"));
  expect(jobs.map((one) => JSON.parse(one.body))).toMatchObject([{ operation: "hardDelete", object: "Contact" }]);
});

test("by Id, in either length", async () => {
  const ids = await standIn.make("Contact", [contact("One", "a@example.com"), contact("Two", "b@example.com")]);
  const fates = await standIn
    .drive("erasure", to, "remove")
    .deliver([forget("a", { Id: ids[0] ?? "" }), forget("b", { Id: (ids[1] ?? "").slice(0, 15) })]);
  expect(fates.map((fate) => fate.status)).toEqual(["delivered", "delivered"]);
  expect(await standIn.held("Contact")).toEqual([]);
});

test("a row one of whose records is left over is tried again, and then done", async () => {
  await standIn.make("Contact", [contact("One", "ann@example.com"), contact("Two", "ann@example.com")]);
  await standIn.tell({ kind: "fail_job", platform: "salesforce", processed: 1 });
  const driver = standIn.drive("erasure", to, "remove");
  const first = await driver.deliver([forget("a", { Email: "ann@example.com" })]);
  expect(first).toMatchObject([{ status: "retry", code: "UNPROCESSED" }]);
  expect(await standIn.held("Contact")).toHaveLength(1);
  expect(await driver.deliver([forget("a", { Email: "ann@example.com" })])).toEqual([{ status: "delivered" }]);
  expect(await standIn.held("Contact")).toEqual([]);
});

test("without the permission nothing is deleted, and the error names it", async () => {
  await standIn.close();
  standIn = await openStandIn({ hard_delete: false });
  await standIn.make("Contact", [contact("One", "ann@example.com")]);
  const driver = standIn.drive("erasure", to, "remove");
  const error = await driver.deliver([forget("a", { Email: "ann@example.com" })]).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AuthFailed);
  expect((error as AuthFailed).hint).toContain("Bulk API Hard Delete");
  expect(await standIn.held("Contact")).toHaveLength(1);
});

test("10,000 people cost a job, and a query for as many as fit its address", async () => {
  const numbers = Array.from({ length: 10_000 }, (_, n) => `C-${n}`);
  await standIn.make(
    "Contact",
    numbers.map((No__c) => ({ LastName: "Seeded", No__c })),
  );
  const driver = standIn.drive("erasure", to, "remove");
  const run = driver.plan(numbers.map((No__c) => forget(No__c, { No__c })));
  const fates = await driver.send(run);
  expect(fates.every((fate) => fate.status === "delivered")).toBe(true);
  expect(await standIn.held("Contact")).toEqual([]);
  console.info(`salesforce, 10,000 erasures: ${standIn.calls()} requests`);
  // 8,000 bytes of address, about 17 for each number once encoded; create, upload, start, poll, results.
  expect(standIn.calls()).toBeLessThanOrEqual(1.05 * (Math.ceil((10_000 * 17) / 7_900) + 5));
  expect(standIn.calls()).toBeLessThanOrEqual(erasure.requests?.(erasure.options.parse(to), run.sync) ?? 0);
});
