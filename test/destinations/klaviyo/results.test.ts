import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AuthFailed, BatchRefused, TargetInvalid } from "../../../src/core/delivery-errors.ts";
import { ConfigError } from "../../../src/core/errors.ts";
import { filterText } from "../../../src/destinations/klaviyo/api.ts";
import { pointedRow, readErrors, requestError, sentence } from "../../../src/destinations/klaviyo/errors.ts";
import { importBody } from "../../../src/destinations/klaviyo/import.ts";
import { type ImportError, type ImportJob, importFates } from "../../../src/destinations/klaviyo/import-result.ts";
import { anyFilters } from "../../../src/destinations/klaviyo/lookup.ts";
import { checkProfileFields, toProfile } from "../../../src/destinations/klaviyo/profiles.ts";
import { namedRows } from "../../../src/destinations/klaviyo/refused-rows.ts";
import {
  type Subscriber,
  subscribeBody,
  toSubscriber,
  toUnsubscriber,
  unsubscribeBody,
} from "../../../src/destinations/klaviyo/subscription.ts";
import { change, sync } from "../salesforce/changes.ts";

const sent = [1, 2, 3].map((n) => change(n, { email: `P${n}@Example.com`, external_id: `x${n}` }));
const job = (more: Partial<ImportJob> = {}): ImportJob => ({
  status: "complete",
  total_count: 3,
  completed_count: 3,
  failed_count: 0,
  ...more,
});
const failed = { completed_count: 2, failed_count: 1 };
const error = (attributes: ImportError["attributes"]): ImportError => ({
  attributes: { code: "invalid", ...attributes },
});
const statuses = (result: ReadonlyMap<number, { status: string }>) => [1, 2, 3].map((seq) => result.get(seq)?.status);

describe("the result of an import job", () => {
  const delivered = ["delivered", "delivered", "delivered"];
  const retry = ["retry", "retry", "retry"];
  const second = ["delivered", "rejected", "delivered"];
  test.each<[string, ImportJob, ImportError[], string[]]>([
    ["every number agrees", job(), [], delivered],
    [
      "the payload as a resource",
      job(failed),
      [error({ original_payload: { type: "profile", attributes: { email: "p2@example.com" } } })],
      second,
    ],
    ["the payload as bare attributes", job(failed), [error({ original_payload: { external_id: "x2" } })], second],
    [
      "only a pointer",
      job(failed),
      [error({ source: { pointer: "/data/attributes/profiles/data/1/attributes/email" } })],
      second,
    ],
    ["an error that names no row", job(failed), [error({ source: { pointer: "/data" } })], retry],
    ["an error about somebody else", job(failed), [error({ original_payload: { email: "who@example.com" } })], retry],
    [
      "fewer errors than failures",
      job({ completed_count: 1, failed_count: 2 }),
      [error({ original_payload: { external_id: "x2" } })],
      ["retry", "rejected", "retry"],
    ],
    ["counts that do not add up", job({ completed_count: 2 }), [], retry],
    ["another total than was sent", job({ total_count: 2, completed_count: 2 }), [], retry],
    ["no counts", { status: "complete" }, [], retry],
    ["a cancelled job", job({ status: "cancelled" }), [], retry],
    ["a status nobody documented", job({ status: "exploded" }), [], retry],
    [
      "a condition that passes",
      job(failed),
      [error({ code: "internal_error", original_payload: { external_id: "x2" } })],
      ["delivered", "retry", "delivered"],
    ],
    [
      "an unreadable code",
      job(failed),
      [error({ code: null, original_payload: { external_id: "x2" } })],
      ["delivered", "retry", "delivered"],
    ],
  ])("%s", (_name, info, errors, want) => {
    expect(statuses(importFates(sent, info, errors))).toEqual(want);
  });

  test("names the field and never the value", () => {
    const source = { pointer: "/data/attributes/profiles/data/1/attributes/phone_number" };
    const fates = importFates(sent, job(failed), [error({ source, original_payload: { email: "p2@example.com" } })]);
    expect(fates.get(2)).toEqual({
      status: "rejected",
      code: "INVALID",
      message: "Klaviyo refused the profile's phone_number",
    });
    expect(sentence({ code: "INVALID", pointer: "/data/attributes/properties/ann@example.com" })).not.toContain("ann@");
  });

  test("is exactly one fate per row, whatever the errors are", () => {
    const anyError = fc.record({
      attributes: fc.record({
        code: fc.option(fc.string()),
        source: fc.option(
          fc.record({ pointer: fc.option(fc.constantFrom("/data", "/data/attributes/profiles/data/0/x", "?")) }),
        ),
        original_payload: fc.option(
          fc.dictionary(fc.constantFrom("email", "external_id", "attributes"), fc.jsonValue()),
        ),
      }),
    });
    fc.assert(
      fc.property(fc.array(anyError), fc.nat(4), fc.nat(4), (errors, completed, lost) => {
        const fates = importFates(sent, job({ completed_count: completed, failed_count: lost }), errors);
        expect([...fates.keys()].sort()).toEqual([1, 2, 3]);
        if (completed + lost !== 3) expect(statuses(fates)).not.toContain("delivered");
      }),
    );
  });
});

describe("a refused request", () => {
  const body = (pointer: string, code = "invalid") => ({
    errors: [{ id: "e", code, title: "t", detail: "ann@@example.com", source: { pointer } }],
  });

  test.each([
    ["/data/attributes/profiles/data/3/attributes/email", 3],
    ["/data/attributes/profiles/data/12", 12],
    ["/data/2/id", 2],
    ["/data/attributes/profiles", null],
    ["/data", null],
    ["", null],
  ])("points with %s at row %s", (pointer, row) => {
    expect(pointedRow(pointer)).toBe(row);
  });

  test("names rows only within the request", () => {
    const named = namedRows(readErrors(body("/data/attributes/profiles/data/3/attributes/email")), 4);
    expect([...named]).toEqual([
      [3, { status: "rejected", code: "INVALID", message: "Klaviyo refused the profile's email" }],
    ]);
    expect(namedRows(readErrors(body("/data/attributes/profiles/data/4")), 4).size).toBe(0);
    expect(namedRows(readErrors("<html>"), 4).size).toBe(0);
  });

  test.each([
    [403, body("/data", "permission_denied"), AuthFailed],
    [404, body("/data", "not_found"), TargetInvalid],
    [400, body("/data"), BatchRefused],
    [413, "too large", BatchRefused],
  ])("%i becomes the right error, without the detail", (status, answer, kind) => {
    const made = requestError("profiles:write")(status, answer);
    expect(made).toBeInstanceOf(kind);
    expect(`${made?.message} ${made?.hint}`).not.toContain("ann@@example.com");
  });

  test("names the scope that is missing", () => {
    expect(requestError("lists:write")(403, body("/data"))?.hint).toContain("lists:write");
  });

  test.each([401, 429, 500, 503])("%i is left to the HTTP client", (status) => {
    expect(requestError("profiles:write")(status, {})).toBeUndefined();
  });
});

describe("profiles", () => {
  test("nest location and properties, clear by null and leave out empty identifiers", () => {
    const row = change(
      1,
      { email: "a@example.com", phone_number: null, external_id: "" },
      { first_name: null, "location.city": "Ulm", "properties.days_silent": 3, "properties.a.b": true },
    );
    expect(toProfile(row)).toEqual({
      type: "profile",
      attributes: {
        email: "a@example.com",
        first_name: null,
        location: { city: "Ulm" },
        properties: { days_silent: 3, "a.b": true },
      },
    });
  });

  test("have no other fields: a typing error is told before anything is sent", () => {
    checkProfileFields(sync({ fields: ["first_name", "location.zip", "properties.x"] }));
    expect(() => checkProfileFields(sync({ fields: ["days_silent"] }))).toThrow(ConfigError);
    expect(() => checkProfileFields(sync({ fields: ["location.planet"] }))).toThrow(ConfigError);
  });

  test("are imported with the list, or without", () => {
    const profiles = [{ type: "profile", attributes: {} }];
    expect(importBody(profiles, "ABC123")).toMatchObject({
      data: { relationships: { lists: { data: [{ type: "list", id: "ABC123" }] } } },
    });
    expect(JSON.stringify(importBody(profiles, null))).not.toContain("relationships");
  });

  test("are looked up a hundred at a time, quoted", () => {
    const values = Array.from({ length: 250 }, (_, i) => `p"${i}@example.com`);
    const filters = anyFilters("email", [...values, ...values]);
    expect(filters).toHaveLength(3);
    expect(filters[0]?.startsWith('any(email,["p\\"0@example.com","p\\"1@')).toBe(true);
    expect(filterText('a"\\b')).toBe('"a\\"\\\\b"');
  });
});

describe("subscriptions", () => {
  const now = Date.parse("2026-03-02T09:00:00Z");
  const both = change(
    1,
    { email: "a@example.com", phone_number: "+4915112345678" },
    { consented_at: "2025-01-01T00:00:00Z" },
  );

  test("carry consented_at only in a historical import", () => {
    expect(toSubscriber(both, ["email", "sms"], true, now)).toMatchObject({
      profile: {
        attributes: {
          email: "a@example.com",
          phone_number: "+4915112345678",
          subscriptions: {
            email: { marketing: { consent: "SUBSCRIBED", consented_at: "2025-01-01T00:00:00Z" } },
            sms: { marketing: { consent: "SUBSCRIBED", consented_at: "2025-01-01T00:00:00Z" } },
          },
        },
      },
    });
    const { profile } = toSubscriber(both, ["email"], false, now) as Subscriber;
    expect(JSON.stringify(profile)).not.toContain("consented_at");
  });

  test.each([[null], ["not a date"], ["2026-03-02T09:00:01Z"], [undefined]])(
    "without a consent in the past (%s) are refused",
    (at) => {
      const row = change(1, { email: "a@example.com" }, at === undefined ? {} : { consented_at: at });
      expect(toSubscriber(row, ["email"], true, now)).toMatchObject({ status: "rejected", code: "NO_CONSENT" });
    },
  );

  test("leave out a channel without identifier, and refuse a row without any", () => {
    const row = change(1, { email: "a@example.com", phone_number: null });
    const { profile } = toSubscriber(row, ["email", "sms"], false, now) as Subscriber;
    expect(JSON.stringify(profile)).not.toContain("sms");
    expect(toSubscriber(row, ["sms"], false, now)).toMatchObject({ code: "CHANNEL_IDENTIFIER_MISSING" });
    expect(toUnsubscriber(row, ["sms"])).toMatchObject({ code: "CHANNEL_IDENTIFIER_MISSING" });
  });

  test("always name the list", () => {
    const list = { relationships: { list: { data: { type: "list", id: "ABC123" } } } };
    expect(unsubscribeBody([], "ABC123")).toMatchObject({ data: list });
    expect(subscribeBody([], "ABC123", false, undefined)).toMatchObject({ data: list });
  });
});
