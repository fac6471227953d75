import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  AuthFailed,
  BatchRefused,
  QuotaExhausted,
  TargetInvalid,
  Unavailable,
} from "../../../src/core/delivery-errors.ts";
import { ConfigError } from "../../../src/core/errors.ts";
import { accountKey, accountSchema } from "../../../src/destinations/hubspot/account.ts";
import { type Item, readBatch } from "../../../src/destinations/hubspot/batch-answer.ts";
import { errorFate, readError, requestError } from "../../../src/destinations/hubspot/errors.ts";
import { identityOf, objectScope, objectTypeId } from "../../../src/destinations/hubspot/objects.ts";
import { objectsPath, subscriptionsPath } from "../../../src/destinations/hubspot/paths.ts";
import { statusInput } from "../../../src/destinations/hubspot/subscription-target.ts";
import { propertyText } from "../../../src/destinations/hubspot/values.ts";
import { toInput } from "../../../src/destinations/hubspot/write.ts";
import { sync } from "../salesforce/changes.ts";

const items: readonly Item[] = [1, 2, 3].map((seq) => ({ seq, id: `p${seq}@example.com`, properties: {} }));
const wrote = (seq: number, more: object = {}) => ({
  id: `10${seq}`,
  objectWriteTraceId: String(seq),
  properties: {},
  ...more,
});
const refusedAs = (category: string, context: object, message = "refused") => ({
  status: "error",
  category,
  message,
  context,
});
const invalidEmail =
  'Property values were not valid: [{"isValid":false,"message":"Email address Ann@x is invalid","error":"INVALID_EMAIL","name":"email"}]';

describe("the answer to a batch", () => {
  const trace2 = { objectWriteTraceId: ["2"] };
  test.each<[string, unknown[], unknown[], string[]]>([
    ["all written", [wrote(3), wrote(1), wrote(2)], [], ["delivered", "delivered", "delivered"]],
    [
      "one refused by trace id",
      [wrote(1), wrote(3)],
      [refusedAs("VALIDATION_ERROR", trace2, invalidEmail)],
      ["delivered", "rejected", "delivered"],
    ],
    [
      "one refused by its identifying value",
      [wrote(1), wrote(3)],
      [refusedAs("CONFLICT", { ids: ["P2@example.com"] })],
      ["delivered", "rejected", "delivered"],
    ],
    [
      "a result without trace id is told by its identifier",
      [wrote(1), wrote(3), { id: "102", properties: { email: "P2@Example.com" } }],
      [],
      ["delivered", "delivered", "delivered"],
    ],
    ["an error that names no row", [wrote(1)], [refusedAs("VALIDATION_ERROR", {})], ["delivered", "none", "none"]],
    [
      "a trace id nobody sent",
      [wrote(9)],
      [refusedAs("CONFLICT", { objectWriteTraceId: ["9"] })],
      ["none", "none", "none"],
    ],
    ["a result too few", [wrote(1), wrote(2)], [], ["delivered", "delivered", "none"]],
    ["written and refused at once", [wrote(2)], [refusedAs("CONFLICT", trace2)], ["none", "none", "none"]],
    ["a category nobody documented", [], [refusedAs("SOMETHING_NEW", trace2)], ["none", "retry", "none"]],
    ["rates within a batch", [], [refusedAs("RATE_LIMITS", trace2)], ["none", "retry", "none"]],
    [
      "a shape nobody documented",
      ["?", null, { id: {} }],
      ["?", null, 7, { context: "text" }],
      ["none", "none", "none"],
    ],
  ])("%s", (_name, results, errors, want) => {
    const fates = readBatch(items, "email", { results, errors });
    expect([1, 2, 3].map((seq) => fates.get(seq)?.status ?? "none")).toEqual(want);
  });

  test("names the property and never the value", () => {
    const fates = readBatch(items, "email", {
      results: [],
      errors: [refusedAs("VALIDATION_ERROR", trace2, invalidEmail)],
    });
    expect(fates.get(2)).toEqual({
      status: "rejected",
      code: "INVALID_EMAIL",
      message: "HubSpot refused the value of the property email",
    });
  });

  test("never crashes, and delivers only what a result names, whatever comes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.json().map((json) => JSON.parse(json) as unknown)),
        fc.array(fc.anything()),
        (results, errors) => {
          const fates = readBatch(items, "email", { results, errors });
          for (const fate of fates.values()) expect(["delivered", "rejected", "retry"]).toContain(fate.status);
          if (results.length === 0) for (const fate of fates.values()) expect(fate.status).not.toBe("delivered");
        },
      ),
    );
  });
});

describe("errors of a request", () => {
  const judge = requestError("crm.objects.contacts.write");
  const missingProperty = invalidEmail
    .replace("INVALID_EMAIL", "PROPERTY_DOESNT_EXIST")
    .replace('"name":"email"', '"name":"teir"');
  test.each([
    ["a scope is missing", 403, { category: "MISSING_SCOPES" }, AuthFailed],
    ["the object type is unknown", 404, {}, TargetInvalid],
    [
      "the mapping names a property that is not there",
      400,
      { category: "VALIDATION_ERROR", message: missingProperty },
      TargetInvalid,
    ],
    ["a value is refused", 400, { category: "VALIDATION_ERROR", message: invalidEmail }, BatchRefused],
    ["a record is there already", 409, { category: "CONFLICT" }, BatchRefused],
    ["too large", 413, "", BatchRefused],
    ["locked", 423, {}, Unavailable],
    ["moving between data centres", 477, {}, Unavailable],
    ["the day is used up", 429, { policyName: "DAILY", message: "You have reached your daily limit." }, QuotaExhausted],
  ])("%s", (_name, status, body, type) => {
    const error = judge(status, body, { "retry-after": "3600" });
    expect(error).toBeInstanceOf(type);
    expect(error?.message).not.toContain("Ann@x");
    expect(error?.hint.length).toBeGreaterThan(10);
  });

  test("names the scope and the property", () => {
    expect(judge(403, {}, {})?.hint).toContain("crm.objects.contacts.write");
    expect(judge(400, { message: missingProperty }, {})?.message).toContain("teir");
    expect(judge(477, {}, { "retry-after": "3600" })).toMatchObject({ retryAfterMs: 3_600_000 });
    expect(judge(423, {}, {})).toMatchObject({ retryAfterMs: 2_000 });
  });

  test.each([429, 500, 502, 504, 401])("leaves %i to the client", (status) => {
    expect(judge(status, { policyName: "TEN_SECONDLY_ROLLING" }, {})).toBeUndefined();
  });

  test("reads an error of any shape", () => {
    fc.assert(
      fc.property(fc.anything(), (raw) => {
        expect(errorFate(readError(raw)).status).not.toBe("delivered");
      }),
    );
  });
});

describe("requests", () => {
  test("write a record by a unique property, or by its id", () => {
    const item: Item = { seq: 7, id: "ann@example.com", properties: { firstname: "Ann" } };
    expect(toInput(item, "email")).toEqual({
      id: "ann@example.com",
      idProperty: "email",
      objectWriteTraceId: "7",
      properties: { firstname: "Ann" },
    });
    expect(toInput({ ...item, id: "512" }, "hs_object_id")).not.toHaveProperty("idProperty");
  });

  test.each([
    [null, ""],
    [true, "true"],
    [12.5, "12.5"],
    [["a", null, "b"], "a;b"],
    [{ a: 1 }, '{"a":1}'],
    ["2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z"],
  ])("hold %j as %j", (value, want) => {
    expect(propertyText(value)).toBe(want);
  });

  test("unsubscribe from one type, and carry a legal basis only where there is one", () => {
    expect(statusInput("a@example.com", 7, "UNSUBSCRIBED", {})).toEqual({
      subscriberIdString: "a@example.com",
      subscriptionId: 7,
      statusState: "UNSUBSCRIBED",
      channel: "EMAIL",
    });
    const basis = { legal_basis: "CONSENT_WITH_NOTICE", legal_basis_explanation: "sign-up form" } as const;
    expect(statusInput("a@example.com", 7, "SUBSCRIBED", basis)).toMatchObject({ legalBasis: "CONSENT_WITH_NOTICE" });
  });

  test("go to either way of naming a version", () => {
    const account = (api_version: string) => accountSchema.parse({ access_token: "t", api_version });
    expect(objectsPath(account("v3"), "contacts")).toBe("/crm/v3/objects/contacts");
    expect(objectsPath(account("2026-03"), "contacts")).toBe("/crm/objects/2026-03/contacts");
    expect(subscriptionsPath(account("v3"))).toBe("/communication-preferences/v4");
    expect(subscriptionsPath(account("2026-03"))).toBe("/communication-preferences/2026-03");
  });
});

describe("what a file may say", () => {
  const named = (more: Parameters<typeof sync>[0]) => sync({ match: ["email"], ...more });
  test("one unique property finds a record", () => {
    expect(identityOf({}, named({}))).toBe("email");
    expect(identityOf({ id_property: "customer_no" }, named({ match: ["email", "customer_no"] }))).toBe("customer_no");
    expect(() => identityOf({}, named({ match: ["email", "customer_no"] }))).toThrow(ConfigError);
    expect(() => identityOf({ id_property: "other" }, named({}))).toThrow(ConfigError);
    expect(() => identityOf({}, named({ fields: ["First Name"] }))).toThrow(ConfigError);
    expect(() => identityOf({}, named({ match: ["hs_object_id"], mode: "insert" }))).toThrow(ConfigError);
  });

  test("lists know objects by type id", () => {
    expect(objectTypeId("companies")).toBe("0-2");
    expect(objectTypeId("2-77")).toBe("2-77");
    expect(() => objectTypeId("p1_shop")).toThrow(ConfigError);
    expect(objectScope("2-77", "write")).toBe("crm.objects.custom.write");
    expect(objectScope("0-1", "read")).toBe("crm.objects.contacts.read");
  });

  test("an account has one kind of credentials, and its key holds neither", () => {
    expect(accountSchema.safeParse({}).success).toBe(false);
    const oauth = { client_id: "i", client_secret: "s", refresh_token: "r" };
    expect(accountSchema.safeParse({ access_token: "t", oauth }).success).toBe(false);
    expect(accountKey(accountSchema.parse({ oauth, portal_id: 62515 }))).toBe("api.hubapi.com#62515");
  });
});
