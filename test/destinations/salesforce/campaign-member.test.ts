import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Mode } from "../../../src/core/sync.ts";
import type { Row } from "../../../src/core/value.ts";
import { campaignMember } from "../../../src/destinations/salesforce/campaign-member.ts";
import { connectorContract } from "../../contract/connector.ts";
import { testClock } from "../../contract/connector-driver.ts";
import { salesforceDescription } from "../../support/api-descriptions.ts";
import { sync } from "./changes.ts";
import { faultRule } from "./fault-rules.ts";
import { openStandIn, type StandIn } from "./stand-in.ts";

const people = (count: number): Row[] =>
  Array.from({ length: count }, (_, n) => ({ LastName: `Last ${n}`, No__c: `C-${n}` }));

async function withCampaign(contacts: number, org: StandIn): Promise<string> {
  const [campaign = ""] = await org.make("Campaign", [{ Name: "Spring" }]);
  await org.make("Contact", people(contacts));
  return campaign;
}

const row = (n: number, fields: Row = { Status: "Sent" }) => ({ key: `c${n}`, match: { No__c: `C-${n}` }, fields });

connectorContract("salesforce campaign member", async () => {
  const clock = testClock();
  const org = await openStandIn({}, clock);
  const campaign = await withCampaign(200, org);
  return {
    connector: (await import("../../../src/destinations/salesforce/index.ts")).salesforce,
    account: org.account,
    wrongAccount: { ...org.account, client_secret: "not-the-secret" },
    secrets: ["sandbox-secret", "not-the-secret"],
    target: "campaign_member",
    options: { campaign: "Spring" },
    clock,
    textField: "Note__c",
    makeRow: (n) => row(n, { Status: "Sent", Note__c: `note ${n}` }),
    makeBadRow: (n) => ({ ...row(n), match: { No__c: `NOBODY-${n}` } }),
    async readState() {
      const numbers = new Map((await org.held("Contact")).map((one) => [one.Id, one.No__c ?? null]));
      const members = (await org.held("CampaignMember")).filter((one) => one.CampaignId === campaign);
      return members.map((one) => ({ ...one, No__c: numbers.get(one.ContactId ?? null) ?? null }));
    },
    misbehave: (fault) => org.tell(faultRule(fault, clock.now())),
    close: () => org.close(),
  };
});

describe("campaign members", () => {
  let org: StandIn;
  beforeEach(async () => {
    org = await openStandIn();
  });
  afterEach(() => org.close());

  const add = (n: number, fields?: Row) => ({ ...row(n, fields), op: "add" as const });
  const drop = (n: number) => ({ ...row(n, {}), op: "remove" as const });
  const drive = (mode: Mode = "mirror", options: Row = { campaign: "Spring" }) =>
    org.drive("campaign_member", options, mode);
  const states = async () => (await org.held("CampaignMember")).map((one) => one.Status);

  test("cost one request per 200, and say so before", async () => {
    await withCampaign(10_000, org);
    const driver = drive();
    const run = driver.plan(Array.from({ length: 10_000 }, (_, n) => add(n)));
    const fates = await driver.send(run);
    expect(fates.every((fate) => fate.status === "delivered" && fate.externalId !== undefined)).toBe(true);
    const [sent, found] = [org.calls(/composite/), org.calls(/query/)];
    console.info(`salesforce, 10,000 campaign members: ${sent} requests, and ${found} to find the campaign`);
    expect([sent, found]).toEqual([50, 1]);
    expect(campaignMember.requests?.(campaignMember.options.parse({ campaign: "Spring" }), run.sync)).toBe(50);
    await driver.deliver(Array.from({ length: 10_000 }, (_, n) => drop(n)));
    expect(org.calls(/composite/)).toBe(100);
    expect(org.calls(/query/)).toBe(1);
    expect(await org.held("CampaignMember")).toEqual([]);
    expect(await org.held("Contact")).toHaveLength(10_000);
  });

  test("who are members already get their fields, but not in mode insert", async () => {
    await withCampaign(2, org);
    await drive().deliver([add(0)]);
    const fates = await drive().deliver([add(0, { Status: "Responded" }), add(1)]);
    expect(fates.map((fate) => fate.status)).toEqual(["delivered", "delivered"]);
    expect(await states()).toEqual(["Responded", "Sent"]);
    const again = await drive("insert").deliver([add(0, { Status: "Sent" })]);
    expect(again).toEqual([fates[0]]);
    expect(await states()).toEqual(["Responded", "Sent"]);
  });

  test("taken out by hand are members again when their row changes", async () => {
    await withCampaign(1, org);
    const driver = drive();
    const [fate] = await driver.deliver([add(0)]);
    await org.drop("CampaignMember", fate?.status === "delivered" ? (fate.externalId ?? "") : "");
    const [again] = await driver.deliver([{ ...row(0, { Status: "Responded" }), op: "update" }]);
    expect(again?.status).toBe("delivered");
    expect(await states()).toEqual(["Responded"]);
  });

  test("leave one campaign only, found by their person where no Id is known", async () => {
    await withCampaign(2, org);
    await org.make("Campaign", [{ Name: "Autumn" }]);
    await drive().deliver([add(0), add(1)]);
    await drive("mirror", { campaign: "Autumn" }).deliver([add(0)]);
    const fates = await drive("remove").deliver([drop(0), drop(7)]);
    expect(fates.map((fate) => fate.status)).toEqual(["delivered", "delivered"]);
    expect(await org.held("CampaignMember")).toHaveLength(2);
  });

  test("are Leads, or people by Id, where the sync says so", async () => {
    const campaign = await withCampaign(1, org);
    const [contact] = await org.held("Contact");
    await org.make("Lead", [{ LastName: "L", Company: "c", No__c: "L-1" }]);
    const lead = { key: "l", op: "add" as const, match: { No__c: "L-1" }, fields: {} };
    expect(await drive("mirror", { campaign, member: "Lead" }).deliver([lead])).toMatchObject([
      { status: "delivered" },
    ]);
    const byId = { key: "c", op: "add" as const, match: { Id: contact?.Id ?? null }, fields: {} };
    const driver = drive("mirror", { campaign });
    const first = await driver.deliver([byId]);
    expect(first).toMatchObject([{ status: "delivered" }]);
    expect(await drive("mirror", { campaign }).deliver([byId])).toEqual(first);
    const members = await org.held("CampaignMember");
    expect(members.map((one) => [one.LeadId !== undefined, one.ContactId !== undefined])).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  test("need one campaign of the name", async () => {
    await withCampaign(1, org);
    const missing = drive("mirror", { campaign: "spring" }).deliver([add(0)]);
    await expect(missing).rejects.toMatchObject({ code: "DEST_TARGET_INVALID" });
    await org.make("Campaign", [{ Name: "Spring" }]);
    await expect(drive().deliver([add(0)])).rejects.toThrow("2 campaigns");
  });

  test.each<[string, readonly string[], readonly string[]]>([
    ["two identifiers", ["No__c", "Email"], []],
    ["a campaign of its own", ["No__c"], ["CampaignId"]],
    ["a field of somebody else", ["No__c"], ["Contact.Email"]],
  ])("are not configured with %s", (_what, match, fields) => {
    const options = campaignMember.options.parse({ campaign: "Spring" });
    expect(() => campaignMember.shape(options, sync({ match, fields }))).toThrow(/sync "test"/);
  });

  const found = salesforceDescription();
  const skip = "skip" in found ? found.skip : null;
  test("ask as the vendor describes", async (context) => {
    if (skip !== null) context.skip(skip);
    if ("skip" in found) return;
    await withCampaign(3, org);
    await drive().deliver([add(0)]);
    const driver = drive();
    await driver.deliver([add(0), add(1)]);
    await driver.deliver([drop(0), drop(1)]);
    const checked = org.seen.flatMap((one) => {
      const faults = found.description.requestFaults({ ...one, path: one.path.replace(/^\/salesforce/, "") });
      return one.path.endsWith("/query") || faults === null ? [] : [{ what: `${one.method} ${one.path}`, faults }];
    });
    expect(checked.filter(({ faults }) => faults.length > 0)).toEqual([]);
    expect(new Set(checked.map(({ what }) => what)).size).toBeGreaterThanOrEqual(3);
    expect(await org.violations()).toEqual([]);
  });

  test("all get a result, whatever their rows hold", async () => {
    await withCampaign(5, org);
    const anyRow = fc.record({
      match: fc.record({
        No__c: fc.oneof(fc.constantFrom("C-0", "C-1", "C-2", "c-3"), fc.string(), fc.constant(null)),
      }),
      fields: fc.dictionary(
        fc.constantFrom("Status", "Note__c"),
        fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
      ),
      op: fc.constantFrom("add" as const, "update" as const, "remove" as const),
    });
    const distinct = fc.uniqueArray(anyRow, {
      maxLength: 10,
      selector: (one) => String(one.match.No__c).toLowerCase(),
    });
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(distinct, fc.constantFrom<Mode>("mirror", "insert"), async (rows, mode) => {
        runs += 1;
        const fates = await drive(mode).deliver(rows.map((one, i) => ({ ...one, key: `k${runs}-${i}` })));
        expect(fates).toHaveLength(rows.length);
        for (const fate of fates) expect(["delivered", "rejected", "retry"]).toContain(fate.status);
      }),
      { numRuns: 25 },
    );
  });
});
