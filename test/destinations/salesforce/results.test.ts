import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  AuthFailed,
  BatchRefused,
  QuotaExhausted,
  RateLimited,
  TargetInvalid,
  Unavailable,
} from "../../../src/core/delivery-errors.ts";
import { readCollection } from "../../../src/destinations/salesforce/collections.ts";
import { parseBulkError, requestError } from "../../../src/destinations/salesforce/errors.ts";
import { createUsage, parseUsage } from "../../../src/destinations/salesforce/usage.ts";
import type { Operation } from "../../../src/destinations/salesforce/work.ts";
import { testClock } from "../../contract/connector-driver.ts";
import { change, idOf } from "./changes.ts";

const items = (count: number, withIds = false) =>
  Array.from({ length: count }, (_, i) => ({
    change: change(i + 1, { Customer_No__c: `C${i + 1}` }),
    id: withIds ? idOf(i + 1) : null,
    fields: {},
  }));

const failure = (statusCode: string, message = "m", fields: readonly string[] = []) => ({
  success: false,
  errors: [{ statusCode, message, fields }],
});

describe("results of a collections request", () => {
  const table: readonly [string, Operation, boolean, unknown, object | null][] = [
    [
      "a created record",
      "upsert",
      false,
      { id: idOf(9), success: true, errors: [], created: true },
      { status: "delivered", externalId: idOf(9) },
    ],
    [
      "an updated record",
      "update",
      true,
      { id: idOf(1), success: true, errors: [] },
      { status: "delivered", externalId: idOf(1) },
    ],
    [
      "an id of 15 characters",
      "update",
      true,
      { id: idOf(1).slice(0, 15), success: true, errors: [] },
      { status: "delivered" },
    ],
    ["somebody else's id", "update", true, { id: idOf(7), success: true, errors: [] }, null],
    [
      "a duplicate rule",
      "upsert",
      false,
      failure("DUPLICATES_DETECTED", "Use one of these records?"),
      { status: "rejected", code: "DUPLICATES_DETECTED" },
    ],
    [
      "errorCode instead of statusCode",
      "upsert",
      false,
      { success: false, errors: [{ errorCode: "STRING_TOO_LONG", message: "m" }] },
      { status: "rejected", code: "STRING_TOO_LONG" },
    ],
    ["a lost lock", "upsert", false, failure("UNABLE_TO_LOCK_ROW"), { status: "retry", code: "UNABLE_TO_LOCK_ROW" }],
    [
      "a lost lock in a trigger",
      "upsert",
      false,
      failure("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "T: execution of AfterUpdate caused by: UNABLE_TO_LOCK_ROW"),
      { status: "retry" },
    ],
    [
      "several with the external id",
      "upsert",
      false,
      failure("DUPLICATE_EXTERNAL_ID"),
      { status: "rejected", code: "DUPLICATE_EXTERNAL_ID" },
    ],
    [
      "a deleted record, to be updated",
      "update",
      true,
      failure("ENTITY_IS_DELETED"),
      { status: "rejected", code: "NOT_FOUND" },
    ],
    ["a deleted record, to be deleted", "delete", true, failure("ENTITY_IS_DELETED"), { status: "delivered" }],
    [
      "a reference to nowhere, in an update",
      "update",
      true,
      failure("INVALID_CROSS_REFERENCE_KEY", "m", ["AccountId"]),
      { status: "rejected", code: "INVALID_CROSS_REFERENCE_KEY" },
    ],
    ["a failure without reason", "upsert", false, { success: false, errors: [] }, { status: "retry" }],
    [
      "a failure with an unreadable reason",
      "upsert",
      false,
      { success: false, errors: [{ why: 1 }] },
      { status: "retry" },
    ],
    ["no result at all", "upsert", false, {}, null],
    ["a text", "upsert", false, "OK", null],
  ];
  test.each(table)("%s", (_name, operation, withIds, body, fate) => {
    const [got] = readCollection(operation, items(1, withIds), [body]);
    if (fate === null) expect(got).toBeNull();
    else expect(got).toMatchObject(fate);
  });

  test("are nobody's when there are fewer or more than records", () => {
    const good = { id: idOf(1), success: true, errors: [] };
    expect(readCollection("upsert", items(2), [good])).toEqual([null, null]);
    expect(readCollection("upsert", items(1), [good, good])).toEqual([null]);
    expect(readCollection("upsert", items(1), { message: "?" })).toEqual([null]);
  });

  test("name the field and never the value", () => {
    const [fate] = readCollection("upsert", items(1), [
      failure("INVALID_EMAIL_ADDRESS", "Email: invalid email address: ann@@example.com", ["Email", "ann@@example.com"]),
    ]);
    expect(fate).toEqual({
      status: "rejected",
      code: "INVALID_EMAIL_ADDRESS",
      message: "not an email address that Salesforce accepts: Email",
    });
  });

  test("of any shape give at most one fate per record and never count as delivered without success: true", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.jsonValue(), fc.record({ success: fc.constant(false), errors: fc.jsonValue() }))),
        (body) => {
          const fates = readCollection("upsert", items(body.length), body);
          expect(fates).toHaveLength(body.length);
          for (const [i, fate] of fates.entries()) {
            const said = body[i] as { success?: unknown } | null;
            if (fate?.status === "delivered") expect(said?.success).toBe(true);
          }
        },
      ),
    );
  });
});

describe("sf__Error", () => {
  test.each([
    [
      "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --",
      "REQUIRED_FIELD_MISSING",
      ["LastName"],
    ],
    ["INVALID_EMAIL_ADDRESS:Email: invalid email address: a@@b:Email --", "INVALID_EMAIL_ADDRESS", ["Email"]],
    ["DUPLICATE_VALUE:duplicate value found: No__c duplicates value on record with id: 003:--", "DUPLICATE_VALUE", []],
    ["something else", "UNKNOWN_ERROR", []],
  ])("%s", (text, code, fields) => {
    expect(parseBulkError(text)).toMatchObject({ code, fields });
  });
});

describe("refusals of a whole request", () => {
  test.each([
    [403, [{ errorCode: "REQUEST_LIMIT_EXCEEDED", message: "TotalRequests Limit exceeded." }], QuotaExhausted],
    [
      403,
      [
        {
          errorCode: "REQUEST_LIMIT_EXCEEDED",
          message: "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
        },
      ],
      RateLimited,
    ],
    [403, [{ errorCode: "API_DISABLED_FOR_ORG", message: "m" }], AuthFailed],
    [404, [{ errorCode: "NOT_FOUND", message: "m" }], TargetInvalid],
    [400, [{ errorCode: "INVALID_FIELD", message: "m" }], TargetInvalid],
    [400, [{ errorCode: "JSON_PARSER_ERROR", message: "m" }], BatchRefused],
    [400, [{ errorCode: "UNABLE_TO_LOCK_ROW", message: "m" }], Unavailable],
    [300, ["/services/data/v62.0/sobjects/Contact/003"], BatchRefused],
  ])("%i %j", (status, body, kind) => {
    expect(requestError(status, body)).toBeInstanceOf(kind);
  });

  test.each([
    [500, "<html>"],
    [502, null],
    [429, [{ errorCode: "REQUEST_LIMIT_EXCEEDED" }]],
    [503, [{ errorCode: "SERVER_UNAVAILABLE" }]],
    [200, {}],
  ])("%i %j is left to the HTTP client", (status, body) => {
    expect(requestError(status, body)).toBeUndefined();
  });
});

describe("the daily allowance", () => {
  test("is read from the organisation's part of the header", () => {
    expect(parseUsage("api-usage=18/5000")).toEqual({ used: 18, total: 5000 });
    expect(parseUsage("per-app-api-usage=17/250(appName=x); api-usage=18/5000")).toEqual({ used: 18, total: 5000 });
    expect(parseUsage("per-app-api-usage=17/250(appName=x)")).toBeNull();
    expect(parseUsage(undefined)).toBeNull();
  });

  test("is left alone from the reserve on, until the reading is old", async () => {
    const clock = testClock();
    const usage = createUsage(clock);
    usage.note({ "sforce-limit-info": "api-usage=899/1000" });
    usage.assertRoom(0.1);
    usage.note({ "sforce-limit-info": "api-usage=900/1000" });
    expect(() => usage.assertRoom(0.1)).toThrow(QuotaExhausted);
    await clock.sleep(11 * 60_000);
    usage.assertRoom(0.1);
  });
});
