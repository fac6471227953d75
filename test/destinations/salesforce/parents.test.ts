import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Row } from "../../../src/core/value.ts";
import { openStandIn, type StandIn } from "./stand-in.ts";

let org: StandIn;
beforeEach(async () => {
  org = await openStandIn({
    objects: {
      Shop__c: { fields: { No__c: { external_id: true, unique: true } } },
      Contact: {
        fields: {
          No__c: { external_id: true, unique: true },
          Shop__c: { type: "reference", refers_to: "Shop__c" },
        },
      },
    },
  });
});
afterEach(() => org.close());

const contact = (n: number, fields: Row) => ({
  key: `c${n}`,
  op: "add" as const,
  match: { No__c: `C-${n}` },
  fields: { LastName: `Last ${n}`, ...fields },
});

describe.each(["never", "always"])("with bulk: %s, a parent is found by its External ID", (bulk) => {
  test("standard or custom, and a parent that is not there refuses its row alone", async () => {
    const [acme] = await org.make("Account", [{ Name: "Acme", No__c: "A-1" }]);
    const [shop] = await org.make("Shop__c", [{ Name: "Corner", No__c: "S-1" }]);
    const driver = org.drive("record", { object: "Contact", bulk });
    const fates = await driver.deliver([
      contact(1, { "Account.No__c": "A-1", "Shop__r.No__c": "S-1" }),
      contact(2, { "Account.No__c": "A-9" }),
      contact(3, { "Shop__r.No__c": "S-1" }),
    ]);
    expect(fates.map((fate) => fate.status)).toEqual(["delivered", "rejected", "delivered"]);
    expect(fates[1]).toEqual({
      status: "rejected",
      code: "INVALID_FIELD",
      message: "no record has the External ID that it refers to",
    });
    expect(await org.held("Contact")).toMatchObject([
      { No__c: "C-1", AccountId: acme, Shop__c: shop },
      { No__c: "C-3", Shop__c: shop },
    ]);
    expect(await org.violations()).toEqual([]);
  });
});
