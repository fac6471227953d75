import { describe, expect, test } from "vitest";
import { AuthFailed } from "../../../src/core/delivery-errors.ts";
import { ConfigError } from "../../../src/core/errors.ts";
import { isGone, refusalFate, requestError } from "../../../src/destinations/onesignal/api.ts";
import { onesignal } from "../../../src/destinations/onesignal/index.ts";
import { subscriptionId } from "../../../src/destinations/onesignal/subscription-target.ts";
import { toProperties, writtenFate } from "../../../src/destinations/onesignal/users.ts";
import { pathSegment } from "../../../src/destinations/path-segment.ts";
import { createDriver, testClock } from "../../contract/connector-driver.ts";
import { start } from "../../sandbox/support.ts";
import { sync } from "../salesforce/changes.ts";

describe("the answer to a written user", () => {
  const identity = { external_id: "u1", onesignal_id: "os-1" };
  test.each<[string, number, unknown, object]>([
    ["with its aliases", 201, { identity }, { status: "delivered", externalId: "os-1" }],
    ["without an id", 200, { identity: { external_id: "u1" } }, { status: "delivered" }],
    [
      "with somebody else's aliases",
      200,
      { identity: { external_id: "u2" } },
      { status: "retry", code: "RESULT_MISSING" },
    ],
    ["that was only accepted", 202, null, { status: "accepted" }],
    ["without a body", 201, null, { status: "retry", code: "RESULT_MISSING" }],
    ["of another shape", 200, { id: "os-1" }, { status: "retry", code: "RESULT_MISSING" }],
    ["with aliases that are none", 200, { identity: "u1" }, { status: "retry", code: "RESULT_MISSING" }],
  ])("%s", (_name, status, body, want) => {
    expect(writtenFate({ status, body }, "external_id", "u1")).toEqual(expect.objectContaining(want));
  });
});

describe("a refusal", () => {
  test.each<[string, number, unknown, string, string]>([
    [
      "with code and title",
      400,
      { errors: [{ code: "user-5", title: "language is not valid" }] },
      "rejected",
      "USER_5",
    ],
    ["with sentences", 400, { errors: ["language is not valid"] }, "rejected", "REFUSED"],
    ["of aliases of several users", 409, { errors: [{ code: "user-2", title: "conflict" }] }, "rejected", "USER_2"],
    ["of what is not there", 404, { errors: [{ code: "user-3", title: "not found" }] }, "rejected", "NOT_FOUND"],
    ["of a proxy", 404, null, "retry", "UNKNOWN_ERROR"],
    ["without errors", 400, { errors: [] }, "retry", "UNKNOWN_ERROR"],
    ["of another shape", 409, { success: false }, "retry", "UNKNOWN_ERROR"],
  ])("%s", (_name, status, body, fate, code) => {
    expect(refusalFate({ status, body })).toMatchObject({ status: fate, code });
  });

  test("says that somebody is gone only in OneSignal's own words", () => {
    expect(isGone({ status: 404, body: { errors: ["User not found"] } })).toBe(true);
    expect(isGone({ status: 404, body: null })).toBe(false);
    expect(isGone({ status: 400, body: { errors: ["User not found"] } })).toBe(false);
  });

  test("of the key is not a row's", () => {
    expect(requestError(401)).toBeInstanceOf(AuthFailed);
    expect(requestError(403)).toBeInstanceOf(AuthFailed);
    expect(requestError(429)).toBeUndefined();
    expect(requestError(500)).toBeUndefined();
  });
});

describe("users", () => {
  test("have tags as texts; NULL removes a tag and leaves a property", () => {
    expect(
      toProperties({ language: null, lat: 1.5, "tags.days": 3, "tags.vip": true, "tags.gone": null, "tags.list": [1] }),
    ).toEqual({
      lat: 1.5,
      tags: { days: "3", vip: "true", gone: "", list: "[1]" },
    });
    expect(toProperties({ language: "en" })).toEqual({ language: "en" });
  });

  test.each<[string, string, object, Parameters<typeof sync>[0]]>([
    ["a field that is no property", "user", {}, { match: ["external_id"], fields: ["days"] }],
    ["two aliases", "user", {}, { match: ["external_id", "customer_no"] }],
    ["creation by OneSignal's own id", "user", {}, { match: ["onesignal_id"] }],
    [
      "more than a hundred fields",
      "user",
      {},
      { match: ["external_id"], fields: Array.from({ length: 101 }, (_, n) => `tags.t${n}`) },
    ],
    ["a subscription without its user", "subscription", { type: "Email" }, { match: ["token"] }],
    ["a subscription without its token", "subscription", { type: "Email" }, { match: ["external_id", "email"] }],
  ])("that cannot work are told before: %s", (_name, target, options, more) => {
    expect(() => onesignal.targets[target]?.shape(options, sync(more))).toThrow(ConfigError);
  });
});

test("a subscription is known by type and token, addresses without case", () => {
  const body = {
    subscriptions: [
      { id: "1", type: "Email", token: "Ann@example.com" },
      { id: "2", type: "AndroidPush", token: "tok" },
    ],
  };
  expect(subscriptionId(body, "Email", "ann@Example.com")).toBe("1");
  expect(subscriptionId(body, "AndroidPush", "tok")).toBe("2");
  expect(subscriptionId(body, "AndroidPush", "TOK")).toBeNull();
  expect(subscriptionId(body, "SMS", "tok")).toBeNull();
  expect(subscriptionId({ subscriptions: "none" }, "SMS", "tok")).toBeNull();
});

test.each([
  ["a/b ä", "a%2Fb%20%C3%A4"],
  ["..", null],
  [".", null],
  ["\ud800", "%EF%BF%BD"],
])("%j stands in a path as %j", (value, want) => {
  expect(pathSegment(value)).toBe(want);
});

describe("subscriptions", () => {
  const drive = async () => {
    const sandbox = await start();
    const account = {
      base_url: `${sandbox.url}/onesignal`,
      app_id: "5eb5a37e-b458-11e3-ac11-000c2940e62c",
      api_key: "onesignal-sandbox",
    };
    const open = () =>
      createDriver({
        connector: onesignal,
        account,
        target: "subscription",
        options: { type: "AndroidPush" },
        mode: "mirror",
        clock: testClock(),
        secrets: [],
      });
    return { sandbox, open };
  };
  const row = (enabled: boolean | null = null) => ({
    key: "s1",
    op: "add" as const,
    match: { external_id: "u1", token: "tok" },
    fields: enabled === null ? {} : { enabled },
  });

  test("are switched off by the id that their delivery told", async () => {
    const { sandbox, open } = await drive();
    const driver = open();
    await driver.deliver([row(true)]);
    await driver.deliver([{ ...row(false), op: "update" }]);
    expect(Object.values((await sandbox.state()).onesignal.users)).toMatchObject([
      { subscriptions: [{ token: "tok", enabled: false }] },
    ]);
    expect(sandbox.seen.map((one) => one.method)).toEqual(["POST", "PATCH"]);
    await driver.close();
  });

  test("are found by their token where no delivery told an id, and the user stays", async () => {
    const { sandbox, open } = await drive();
    const [first, second] = [open(), open()];
    await first.deliver([row()]);
    expect(await second.deliver([{ ...row(), op: "remove" }])).toMatchObject([{ status: "accepted" }]);
    expect(sandbox.seen.map((one) => one.method)).toEqual(["POST", "GET", "DELETE"]);
    expect(Object.values((await sandbox.state()).onesignal.users)).toMatchObject([{ subscriptions: [] }]);
    await first.close();
    await second.close();
  });
});
