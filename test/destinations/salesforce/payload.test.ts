import { describe, expect, test } from "vitest";
import { ConfigError } from "../../../src/core/errors.ts";
import { fromCsv, toCsv } from "../../../src/destinations/csv.ts";
import { bulkCsv } from "../../../src/destinations/salesforce/bulk.ts";
import { cell } from "../../../src/destinations/salesforce/cell.ts";
import { collectionRequest } from "../../../src/destinations/salesforce/collections.ts";
import {
  adviseBulkAbove,
  checkNames,
  identityOf,
  recordOptions,
  usesBulk,
} from "../../../src/destinations/salesforce/options.ts";
import { parseReference, toRecord, writtenFields } from "../../../src/destinations/salesforce/payload.ts";
import { inQueries, literal } from "../../../src/destinations/salesforce/soql.ts";
import { change, idOf, sync } from "./changes.ts";

const byNumber = { by: "field", field: "Customer_No__c" } as const;
const item = (n: number, fields: Record<string, string | null>, id: string | null = null) => ({
  change: change(n, { Customer_No__c: `C${n}` }, fields),
  id,
  fields,
});

describe("requests of the collections resources", () => {
  test("upserts by the external id, which stands in every record", () => {
    const request = collectionRequest("Contact", {
      operation: "upsert",
      identity: byNumber,
      items: [item(1, { LastName: "Li", Tier__c: null })],
    });
    expect(request).toEqual({
      method: "PATCH",
      path: "/composite/sobjects/Contact/Customer_No__c",
      json: {
        allOrNone: false,
        records: [{ attributes: { type: "Contact" }, Customer_No__c: "C1", LastName: "Li", Tier__c: null }],
      },
    });
  });

  test("updates by Id, creates by POST, deletes by a list of ids", () => {
    const items = [item(1, { LastName: "Li" }, idOf(1)), item(2, { LastName: "Ng" }, idOf(2))];
    expect(collectionRequest("Contact", { operation: "update", identity: byNumber, items })).toMatchObject({
      method: "PATCH",
      path: "/composite/sobjects",
      json: {
        records: [
          { id: idOf(1), LastName: "Li" },
          { id: idOf(2), LastName: "Ng" },
        ],
      },
    });
    expect(collectionRequest("Contact", { operation: "insert", identity: byNumber, items })).toMatchObject({
      method: "POST",
      path: "/composite/sobjects",
    });
    expect(collectionRequest("Contact", { operation: "delete", identity: byNumber, items })).toEqual({
      method: "DELETE",
      path: "/composite/sobjects",
      query: { ids: `${idOf(1)},${idOf(2)}`, allOrNone: false },
    });
  });

  test("finds parents by their external id, and clears the reference itself on null", () => {
    const fields = { "Account.No__c": "A1", "Shop__r.No__c": null, "User:Owner.No__c": "U1", "ReportsTo.No__c": null };
    expect(toRecord("Contact", fields)).toEqual({
      attributes: { type: "Contact" },
      Account: { No__c: "A1" },
      Shop__c: null,
      Owner: { attributes: { type: "User" }, No__c: "U1" },
      ReportsToId: null,
    });
    expect(parseReference("LastName")).toBeNull();
  });

  test("writes lists of a multi-select picklist with semicolons", () => {
    expect(toRecord("Contact", { Tags__c: ["a", "b", null], Raw__c: { a: 1 } })).toMatchObject({
      Tags__c: "a;b",
      Raw__c: '{"a":1}',
    });
  });

  test("writes the identifiers that are not the identity, but never on an update", () => {
    const row = change(1, { Customer_No__c: "C1", Email: "a@example.com" }, { LastName: "Li" });
    expect(writtenFields(row, byNumber, "upsert")).toEqual({ Email: "a@example.com", LastName: "Li" });
    expect(writtenFields(row, byNumber, "create")).toEqual({
      Customer_No__c: "C1",
      Email: "a@example.com",
      LastName: "Li",
    });
    expect(writtenFields(row, byNumber, "update")).toEqual({ LastName: "Li" });
  });
});

describe("bulk files", () => {
  test("quote what CSV needs quoted, and end lines with LF", () => {
    const rows = [['say "hi"', "a,b", "two\nlines", " padded", "plain"]];
    const csv = toCsv(["a", "b", "c", "d", "e"], rows);
    expect(csv).toBe('a,b,c,d,e\n"say ""hi""","a,b","two\nlines"," padded",plain\n');
    expect(fromCsv(csv)).toEqual([{ a: 'say "hi"', b: "a,b", c: "two\nlines", d: " padded", e: "plain" }]);
  });

  test("say #N/A for null and leave the cell of an absent field empty", () => {
    expect([cell(null), cell(""), cell(undefined), cell(0), cell(false)]).toEqual(["#N/A", "#N/A", "", "0", "false"]);
    const items = [item(1, { LastName: "Li", Tier__c: null }), item(2, { LastName: "Ng" })];
    expect(bulkCsv({ operation: "upsert", identity: byNumber, items })).toBe(
      "Customer_No__c,LastName,Tier__c\nC1,Li,#N/A\nC2,Ng,\n",
    );
    expect(bulkCsv({ operation: "delete", identity: byNumber, items: [item(1, {}, idOf(1))] })).toBe(
      `Id\n${idOf(1)}\n`,
    );
    expect(bulkCsv({ operation: "update", identity: byNumber, items: [item(1, { A: "x" }, idOf(1))] })).toBe(
      `Id,A\n${idOf(1)},x\n`,
    );
  });
});

describe("SOQL", () => {
  test("escapes texts and leaves numbers bare", () => {
    expect(literal("O'Brien \\ x\n")).toBe("'O\\'Brien \\\\ x\\n'");
    expect(literal(12)).toBe("12");
  });

  test("splits long lists so that no address passes 8,000 bytes, and asks once for a value", () => {
    const values = Array.from({ length: 500 }, (_, i) => `ä'customer-${i}`);
    const statements = inQueries("Contact", ["Id"], "No__c", [...values, ...values]);
    expect(statements.length).toBeGreaterThan(1);
    for (const statement of statements) expect(encodeURIComponent(statement).length).toBeLessThanOrEqual(8_000);
    const asked = statements.flatMap((statement) => statement.match(/'ä/g) ?? []);
    expect(asked).toHaveLength(500);
  });

  test("leaves out a value that SOQL cannot hold", () => {
    expect(inQueries("Contact", ["Id"], "No__c", ["x".repeat(5_000)])).toEqual([]);
  });
});

describe("options", () => {
  test("take the single identifier as external id, and refuse what identifies nothing", () => {
    const options = recordOptions.parse({ object: "Contact" });
    expect(identityOf(options, sync())).toEqual(byNumber);
    expect(identityOf(options, sync({ match: ["Id"] }))).toEqual({ by: "id" });
    expect(identityOf(options, sync({ match: ["A", "B"], mode: "insert" }))).toEqual({ by: "nothing" });
    expect(() => identityOf(options, sync({ match: ["A", "B"] }))).toThrow(ConfigError);
    expect(() => identityOf(options, sync({ match: ["Id"], mode: "insert" }))).toThrow(ConfigError);
    const named = recordOptions.parse({ object: "Contact", external_id: "No__c" });
    expect(() => identityOf(named, sync())).toThrow(/not in match/);
  });

  test("choose bulk above the advised size, or as told", () => {
    const options = (bulk?: unknown) =>
      recordOptions.parse({ object: "Contact", ...(bulk === undefined ? {} : { bulk }) });
    expect(usesBulk(options(), { plannedRows: adviseBulkAbove })).toBe(false);
    expect(usesBulk(options(), { plannedRows: adviseBulkAbove + 1 })).toBe(true);
    expect(usesBulk(options("never"), { plannedRows: 1_000_000 })).toBe(false);
    expect(usesBulk(options("always"), { plannedRows: 1 })).toBe(true);
    expect(usesBulk(options({ above_rows: 5 }), { plannedRows: 6 })).toBe(true);
  });

  test.each(["a b", "x'); DROP", "Account.", "1st"])("refuse the field name %j", (name) => {
    expect(() => checkNames(sync({ fields: [name] }))).toThrow(ConfigError);
  });
});
