import { describe, expect, test } from "vitest";
import { AuthFailed, TargetInvalid } from "../../../src/core/delivery-errors.ts";
import { ConfigError } from "../../../src/core/errors.ts";
import { requestError } from "../../../src/destinations/iterable/api.ts";
import { bulkFates, bulkReply, checkDropped } from "../../../src/destinations/iterable/bulk-result.ts";
import { toEvent } from "../../../src/destinations/iterable/event-target.ts";
import { iterable } from "../../../src/destinations/iterable/index.ts";
import { removalFate } from "../../../src/destinations/iterable/user-target.ts";
import { toUser } from "../../../src/destinations/iterable/users.ts";
import { createDriver, testClock } from "../../contract/connector-driver.ts";
import { start } from "../../sandbox/support.ts";
import { change, sync } from "../salesforce/changes.ts";

const sent = [1, 2, 3].map((seq) => ({ seq, value: `P${seq}@Example.com` }));
const statuses = (body: object) => {
  const fates = bulkFates(sent, "email", bulkReply.parse(body), { status: "delivered" });
  return sent.map(({ seq }) => fates.get(seq)?.status ?? null);
};
const all = ["delivered", "delivered", "delivered"];
const nobody = [null, null, null];
const second = ["delivered", "rejected", "delivered"];
const failed = { successCount: 2, failCount: 1 };

describe("the answer to a bulk request", () => {
  test.each<[string, object, (string | null)[]]>([
    ["everybody succeeded", { successCount: 3, failCount: 0 }, all],
    ["a bucket names one", { ...failed, failedUpdates: { invalidEmails: ["p2@example.com"] } }, second],
    ["the deprecated list names one", { ...failed, invalidEmails: ["p2@example.com"] }, second],
    [
      "both name the same one",
      { ...failed, invalidEmails: ["p2@example.com"], failedUpdates: { invalidEmails: ["p2@example.com"] } },
      second,
    ],
    ["invalid data", { ...failed, failedUpdates: { invalidDataEmails: ["p2@example.com"] } }, second],
    ["forgotten", { ...failed, failedUpdates: { forgottenEmails: ["p2@example.com"] } }, second],
    ["conflict", { ...failed, failedUpdates: { conflictEmails: ["p2@example.com"] } }, second],
    ["not found", { ...failed, failedUpdates: { notFoundEmails: ["p2@example.com"] } }, second],
    [
      "a bucket nobody documented",
      { ...failed, failedUpdates: { throttledEmails: ["p2@example.com"] } },
      ["delivered", "retry", "delivered"],
    ],
    [
      "a bucket of the other identifier",
      { ...failed, failedUpdates: { invalidUserIds: ["p2@example.com"] } },
      ["delivered", "retry", "delivered"],
    ],
    [
      "a failure that names somebody else",
      { ...failed, failedUpdates: { invalidEmails: ["who@example.com"] } },
      nobody,
    ],
    ["a failure that names nobody", failed, nobody],
    [
      "fewer successes than are left",
      { successCount: 1, failCount: 1, failedUpdates: { invalidEmails: ["p2@example.com"] } },
      [null, "rejected", null],
    ],
    ["no counts", {}, nobody],
    ["no success count", { failCount: 0 }, nobody],
    ["a bucket that is no list", { ...failed, failedUpdates: { invalidEmails: "p2@example.com" } }, nobody],
  ])("%s", (_name, body, want) => {
    expect(statuses(body)).toEqual(want);
  });

  test("counts all events of an identifier that is named", () => {
    const rows = [1, 2, 3].map((seq) => ({ seq, value: seq === 3 ? "u2" : "u1" }));
    const body = bulkReply.parse({ successCount: 1, failCount: 2, failedUpdates: { forgottenUserIds: ["u1"] } });
    const fates = bulkFates(rows, "userId", body, { status: "accepted" });
    expect(rows.map(({ seq }) => fates.get(seq)?.status)).toEqual(["rejected", "rejected", "accepted"]);
  });

  test("stops the run where a field or an event's name was dropped without a word", () => {
    expect(() => checkDropped(bulkReply.parse({ filteredOutFields: ["days"] }))).toThrow(TargetInvalid);
    expect(() => checkDropped(bulkReply.parse({ disallowedEventNames: ["Seen"] }))).toThrow(TargetInvalid);
    expect(() => checkDropped(bulkReply.parse({ filteredOutFields: [], disallowedEventNames: [] }))).not.toThrow();
  });
});

test.each([
  ["Success", "accepted"],
  ["UnknownEmailError", "delivered"],
  ["ForgottenUserError", "delivered"],
  ["InvalidUserIdError", "rejected"],
  ["GenericError", "retry"],
  ["", "retry"],
])("the removal of a user answered %s is %s", (code, status) => {
  expect(removalFate(code).status).toBe(status);
});

test.each([
  [401, { code: "BadApiKey", msg: "no" }, AuthFailed],
  [403, "<html>", AuthFailed],
  [400, { code: "BadAuthorizationHeader", msg: "no" }, AuthFailed],
])("%i %j is about the key", (status, body, kind) => {
  expect(requestError(status, body)).toBeInstanceOf(kind);
});

test.each([
  [400, { code: "BadParams", msg: "ann@example.com" }],
  [413, ""],
  [429, { code: "RateLimitExceeded", msg: "" }],
  [500, {}],
])("%i is left to the HTTP client", (status, body) => {
  expect(requestError(status, body)).toBeUndefined();
});

describe("rows", () => {
  test("write NULL as null, and make users by userId in any kind of project", () => {
    const row = { change: change(1, { userId: "u1" }, { firstName: null }), value: "u1" };
    expect(toUser(row, "userId", { merge_nested_objects: true })).toEqual({
      userId: "u1",
      preferUserId: true,
      dataFields: { firstName: null },
      mergeNestedObjects: true,
    });
  });

  test("of events have an id that is the same when they are sent again, and seconds", () => {
    const row = change(1, { email: "a@example.com" }, { createdAt: "2026-01-01T00:00:01.900Z", "dataFields.sku": "x" });
    expect(toEvent(row, "email", { event: "Seen" }, sync())).toMatchObject({
      event: {
        email: "a@example.com",
        eventName: "Seen",
        id: "test:k1",
        createdAt: 1_767_225_601,
        dataFields: { sku: "x" },
      },
    });
    const own = change(2, { email: "a@example.com" }, { id: "order-1" });
    expect(toEvent(own, "email", { event: "Seen" }, sync())).toMatchObject({
      event: { id: "order-1", createdAt: 1_772_442_000 },
    });
  });

  test.each([
    [{ id: "x".repeat(513) }, "ID_TOO_LONG"],
    [{ createdAt: null }, "TIME_UNREADABLE"],
    [{ "dataFields.note": "x".repeat(32_001) }, "TEXT_TOO_LONG"],
  ])("of events that cannot be sent are refused", (fields, code) => {
    expect(toEvent(change(1, { email: "a@example.com" }, fields), "email", { event: "Seen" }, sync())).toMatchObject({
      code,
    });
  });

  test.each<[string, string, object, Parameters<typeof sync>[0]]>([
    ["both identifiers", "user", {}, { match: ["email", "userId"] }],
    ["a field that Iterable manages", "user", {}, { match: ["email"], fields: ["emailListIds"] }],
    [
      "a subscription by way of a field",
      "list",
      { list: "x" },
      { match: ["email"], fields: ["unsubscribedChannelIds"] },
    ],
    ["an event's field without its place", "event", { event: "x" }, { match: ["email"], fields: ["sku"] }],
  ])("that cannot work are told before: %s", (_name, target, options, more) => {
    expect(() => iterable.targets[target]?.shape(options, sync(more))).toThrow(ConfigError);
  });
});

describe("a project", () => {
  const drive = async (settings: object, target: string, options: object) => {
    const sandbox = await start({ iterable: settings });
    const driver = createDriver({
      connector: iterable,
      account: { base_url: `${sandbox.url}/iterable`, api_key: "iterable-sandbox", rows_per_request: 2 },
      target,
      options,
      mode: "upsert",
      clock: testClock(),
      secrets: [],
    });
    return { sandbox, driver };
  };
  const row = (n: number, fields = {}) => ({
    key: `k${n}`,
    op: "add" as const,
    match: { email: `p${n}@example.com` },
    fields,
  });

  test("that drops unknown fields stops the run, by the field's name", async () => {
    const { driver } = await drive({ drop_unknown_fields: true }, "user", {});
    await expect(driver.deliver([row(1, { days: 3 })])).rejects.toThrow(/days/);
    await driver.close();
  });

  test("gets no more rows a request than the account says", async () => {
    const { driver, sandbox } = await drive({}, "user", {});
    await driver.deliver([1, 2, 3].map((n) => row(n)));
    expect(sandbox.seen).toHaveLength(2);
    await driver.close();
  });

  test("tells its fields and their types", async () => {
    const { driver } = await drive({}, "user", {});
    await driver.deliver([row(1, { days: 3, vip: true, address: { city: "Ulm" } })]);
    const found = await iterable.targets.user?.discover?.(driver.ctx as never);
    const types = Object.fromEntries((found ?? []).map(({ name, type, writable }) => [name, [type, writable]]));
    expect(types).toMatchObject({
      email: ["text", true],
      days: ["integer", true],
      vip: ["boolean", true],
      address: ["json", true],
      signupDate: ["datetime", false],
    });
    await driver.close();
  });

  test("of which only a mobile key is given is refused by name", async () => {
    const { sandbox } = await drive({}, "user", {});
    const driver = createDriver({
      connector: iterable,
      account: { base_url: `${sandbox.url}/iterable`, api_key: "iterable-mobile" },
      target: "user",
      options: {},
      mode: "upsert",
      clock: testClock(),
      secrets: [],
    });
    await expect(iterable.check(driver.ctx as never)).rejects.toMatchObject({
      hint: expect.stringContaining("server-side") as string,
    });
    await driver.close();
  });

  test("removes somebody from a list and never from a channel", async () => {
    const { driver, sandbox } = await drive({}, "list", { list: "Lapsing" });
    await driver.deliver([row(1)]);
    await driver.deliver([{ ...row(1), op: "remove" }]);
    const left = sandbox.seen.find((one) => one.path.endsWith("/unsubscribe"));
    expect(JSON.parse(left?.body ?? "{}")).toMatchObject({ channelUnsubscribe: false });
    await driver.close();
  });
});
