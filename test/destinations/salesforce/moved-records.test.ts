import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { record } from "../../../src/destinations/salesforce/record.ts";
import { sync } from "./changes.ts";
import { openStandIn, type StandIn } from "./stand-in.ts";

let org: StandIn;
beforeEach(async () => {
  org = await openStandIn();
});
afterEach(() => org.close());

const row = (n: number, more: { readonly no?: string; readonly from?: string } = {}) => ({
  key: `c${n}`,
  op: more.from === undefined ? ("add" as const) : ("update" as const),
  match: { No__c: more.no ?? `C-${n}` },
  fields: { LastName: `Last ${n}`, Email: `c${n}@example.com` },
  ...(more.from === undefined ? {} : { movedFrom: { No__c: more.from } }),
});
const rows = (count: number) => Array.from({ length: count }, (_, n) => row(n));
const moved = (n: number) => row(n, { no: `NEW-${n}`, from: `C-${n}` });
const numbers = async () => (await org.held("Contact")).map((one) => String(one.No__c)).sort();
const delivered = (fates: readonly { status: string }[]) => fates.every((fate) => fate.status === "delivered");

describe.each(["never", "always"])("with bulk: %s, a record with a new External ID", (bulk) => {
  test("is updated by its Id, among others that are upserted", async () => {
    const driver = org.drive("record", { object: "Contact", bulk });
    const first = await driver.deliver(rows(4));
    const fates = await driver.deliver([moved(0), moved(1), moved(2), { ...row(3), op: "update" }, row(4)]);
    expect(delivered(fates)).toBe(true);
    expect(await numbers()).toEqual(["C-3", "C-4", "NEW-0", "NEW-1", "NEW-2"]);
    expect(fates.slice(0, 3)).toEqual(first.slice(0, 3));
    expect(await org.violations()).toEqual([]);
  });

  test("is made again under it when it was deleted there", async () => {
    const driver = org.drive("record", { object: "Contact", bulk });
    const [gone] = await driver.deliver(rows(3));
    await org.drop("Contact", gone?.status === "delivered" ? (gone.externalId ?? "") : "");
    const fates = await driver.deliver([moved(0), moved(1), { ...row(2), op: "update" }]);
    expect(delivered(fates)).toBe(true);
    expect(await numbers()).toEqual(["C-2", "NEW-0", "NEW-1"]);
  });

  test("is refused when another record has it", async () => {
    const driver = org.drive("record", { object: "Contact", bulk });
    await driver.deliver(rows(2));
    const fates = await driver.deliver([row(0, { no: "C-1", from: "C-0" })]);
    expect(fates).toMatchObject([{ status: "rejected", code: "DUPLICATE_VALUE" }]);
    expect(await numbers()).toEqual(["C-0", "C-1"]);
  });

  test("gets it in mode update too", async () => {
    const driver = org.drive("record", { object: "Contact", bulk });
    await driver.deliver(rows(2));
    expect(delivered(await driver.deliver([moved(0), moved(1)], { mode: "update" }))).toBe(true);
    expect(await numbers()).toEqual(["NEW-0", "NEW-1"]);
  });

  test("keeps what a field that is only written where empty holds", async () => {
    const driver = org.drive("record", { object: "Contact", bulk });
    await driver.deliver(rows(1));
    const late = { ...moved(0), fields: { LastName: "Last 0", Email: "late@example.com" } };
    await driver.deliver([late], { onlyIfEmpty: ["Email"] });
    expect(await org.held("Contact")).toMatchObject([{ No__c: "NEW-0", Email: "c0@example.com" }]);
  });
});

test("10,000 records with new External IDs are one bulk job", async () => {
  const driver = org.drive("record", { object: "Contact" });
  await driver.deliver(rows(10_000));
  const before = org.calls();
  expect(delivered(await driver.deliver(Array.from({ length: 10_000 }, (_, n) => moved(n))))).toBe(true);
  console.info(`salesforce, 10,000 records with new External IDs: ${org.calls() - before} requests`);
  expect(org.calls() - before).toBe(5);
});

test("only moves where a record is found by a field, and may be updated", () => {
  const moves = record.movesMatch;
  if (typeof moves !== "function") throw new Error("a function was expected");
  const options = record.options.parse({ object: "Contact" });
  expect(moves(options, sync({ mode: "mirror" }))).toBe(true);
  expect(moves(options, sync({ mode: "insert" }))).toBe(false);
  expect(moves(options, sync({ mode: "update", match: ["Id"] }))).toBe(false);
});
