import { describe, expect, test } from "vitest";
import { AuthFailed, RateLimited } from "../../../src/core/delivery-errors.ts";
import { ConfigError } from "../../../src/core/errors.ts";
import { requestError } from "../../../src/destinations/braze/api.ts";
import { nextCursor } from "../../../src/destinations/braze/discover.ts";
import { toHappening } from "../../../src/destinations/braze/happening-target.ts";
import { braze } from "../../../src/destinations/braze/index.ts";
import { deleteBody } from "../../../src/destinations/braze/remove.ts";
import { refusedFates, trackFates, trackReply } from "../../../src/destinations/braze/track.ts";
import { toAttributes } from "../../../src/destinations/braze/user-target.ts";
import { createDriver, testClock } from "../../contract/connector-driver.ts";
import { start } from "../../sandbox/support.ts";
import { change, sync } from "../salesforce/changes.ts";

const ok = { message: "success", attributes_processed: 3 };
const statuses = (body: object) =>
  trackFates("attributes", 3, trackReply.parse(body)).map((fate) => fate?.status ?? null);
const all = ["accepted", "accepted", "accepted"];
const nobody = [null, null, null];

describe("the answer to /users/track", () => {
  test.each<[string, object, (string | null)[]]>([
    ["everything taken", ok, all],
    [
      "one named by its place",
      { ...ok, attributes_processed: 2, errors: [{ type: "a valid identifier is required", index: 1 }] },
      ["accepted", "rejected", "accepted"],
    ],
    [
      "named with its array",
      { ...ok, attributes_processed: 2, errors: [{ type: "x", input_array: "attributes", index: 0 }] },
      ["rejected", "accepted", "accepted"],
    ],
    ["the place of another array", { ...ok, errors: [{ type: "x", input_array: "events", index: 0 }] }, nobody],
    ["errors counted as processed", { ...ok, errors: [{ type: "x", index: 2 }] }, ["accepted", "accepted", "rejected"]],
    ["an error without a place", { ...ok, errors: [{ type: "x" }] }, nobody],
    ["an error that is a sentence", { ...ok, errors: ["something"] }, nobody],
    ["a place outside of the request", { ...ok, errors: [{ type: "x", index: 3 }] }, nobody],
    ["fewer processed than sent", { ...ok, attributes_processed: 2 }, nobody],
    ["no count", { message: "success" }, nobody],
    ["another message", { ...ok, message: "queued" }, nobody],
    ["an empty object", {}, nobody],
  ])("%s", (_name, body, want) => {
    expect(statuses(body)).toEqual(want);
  });

  test("keeps a code as it is, and a sentence as the message", () => {
    const body = trackReply.parse({
      ...ok,
      errors: [
        { type: "EXTERNAL_USER_ID_TOO_LARGE", index: 0 },
        { type: "'price' is not valid", index: 1 },
      ],
    });
    expect(trackFates("attributes", 3, body).slice(0, 2)).toEqual([
      { status: "rejected", code: "EXTERNAL_USER_ID_TOO_LARGE", message: "Braze: EXTERNAL_USER_ID_TOO_LARGE" },
      { status: "rejected", code: "REFUSED", message: "Braze: 'price' is not valid" },
    ]);
  });

  test("of a refused request tells only if it names every row", () => {
    const named = (indexes: number[]) =>
      trackReply.parse({ message: "no", errors: indexes.map((index) => ({ type: "x", index })) });
    expect(refusedFates("events", 2, named([0, 1]))?.map((fate) => fate.status)).toEqual(["rejected", "rejected"]);
    expect(refusedFates("events", 2, named([0]))).toBeNull();
  });
});

describe("errors of a request", () => {
  const clock = testClock();
  const error = requestError("users.track", clock);

  test.each([401, 403])("%i names the permission", (status) => {
    const made = error(status, { message: "Invalid API key" }, {});
    expect(made).toBeInstanceOf(AuthFailed);
    expect((made as AuthFailed).hint).toContain("users.track");
  });

  test("429 waits until the instant that Braze names, unless there is a Retry-After", () => {
    const reset = String(clock.now().getTime() / 1_000 + 9);
    const made = error(429, {}, { "x-ratelimit-reset": reset });
    expect(made).toBeInstanceOf(RateLimited);
    expect((made as RateLimited).retryAfterMs).toBe(9_000);
    expect(error(429, {}, { "x-ratelimit-reset": reset, "retry-after": "2" })).toBeUndefined();
    expect(error(429, {}, { "x-ratelimit-reset": "soon" })).toBeUndefined();
  });

  test.each([400, 413, 500])("%i is left to the HTTP client", (status) => {
    expect(error(status, {}, {})).toBeUndefined();
  });
});

describe("objects", () => {
  const byId = { by: "external_id", label: undefined } as const;
  const byAlias = { by: "user_alias", label: "customer" } as const;

  test("write NULL as null, leave out what is skipped, and never an identifier without value", () => {
    const row = change(1, { external_id: "u1", email: null }, { first_name: null, days: 3 });
    expect(toAttributes({ change: row, value: "u1" }, byId, "upsert", { merge_objects: false })).toEqual({
      external_id: "u1",
      first_name: null,
      days: 3,
    });
  });

  test("say whether a user may be made", () => {
    const row = change(1, { user_alias: "a1" }, {});
    const user_alias = { alias_name: "a1", alias_label: "customer" };
    expect(toAttributes({ change: row, value: "a1" }, byAlias, "upsert", { merge_objects: true })).toEqual({
      user_alias,
      _update_existing_only: false,
      _merge_objects: true,
    });
    expect(toAttributes({ change: row, value: "a1" }, byId, "update", { merge_objects: false })).toMatchObject({
      _update_existing_only: true,
    });
  });

  test("of events have a time that stays the same when they are sent again, and no empty members", () => {
    const row = change(1, { external_id: "u1" }, { "properties.sku": "a", "properties.none": null });
    const made = toHappening({ required: [] }, row, byId, { name: "Seen" }, sync());
    expect(made).toEqual({
      object: { external_id: "u1", name: "Seen", time: "2026-03-02T09:00:00.000Z", properties: { sku: "a" } },
    });
  });

  test.each([
    [{ product_id: "a", currency: "EUR" }, "FIELD_MISSING"],
    [{ product_id: "a", currency: "EUR", price: 1, time: null }, "FIELD_MISSING"],
    [{ product_id: "a".repeat(256), currency: "EUR", price: 1 }, "TEXT_TOO_LONG"],
  ])("of purchases that lack something are refused", (fields, code) => {
    const row = change(1, { external_id: "u1" }, fields);
    expect(toHappening({ required: ["product_id", "currency", "price"] }, row, byId, {}, sync())).toMatchObject({
      code,
    });
  });

  test("to delete are named by one kind of identifier", () => {
    expect(deleteBody(byId, [{ value: "u1" }])).toEqual({ external_ids: ["u1"] });
    expect(deleteBody(byAlias, [{ value: "a1" }])).toEqual({
      user_aliases: [{ alias_name: "a1", alias_label: "customer" }],
    });
  });
});

describe("what cannot work is told before anything is sent", () => {
  const shape = (target: string, options: object, more: Parameters<typeof sync>[0]) => () =>
    braze.targets[target]?.shape(options, sync(more));
  test.each<[string, string, object, Parameters<typeof sync>[0]]>([
    ["two identifiers", "user", {}, { match: ["external_id", "braze_id"] }],
    ["an alias without label", "user", {}, { match: ["user_alias"] }],
    ["a label without alias", "user", { alias_label: "x" }, { match: ["email"] }],
    ["a reserved attribute", "user", {}, { match: ["email"], fields: ["_merge_objects"] }],
    ["update by email", "user", {}, { match: ["email"], mode: "update" }],
    ["removal by email", "user", {}, { match: ["email"], mode: "remove" }],
    ["a purchase without price", "purchase", {}, { match: ["email"], fields: ["product_id", "currency"] }],
    ["an unknown event field", "event", {}, { match: ["email"], fields: ["sku"] }],
    ["two ways to name a member", "subscription_group", {}, { match: ["email", "phone"] }],
  ])("%s", (_name, target, options, more) => {
    expect(shape(target, options, more)).toThrow(ConfigError);
  });
});

test("fields are the standard ones and those that Braze has seen, page by page", async () => {
  const sandbox = await start();
  const driver = createDriver({
    connector: braze,
    account: { base_url: `${sandbox.url}/braze`, api_key: "braze-sandbox" },
    target: "user",
    options: {},
    mode: "upsert",
    clock: testClock(),
    secrets: [],
  });
  const fields = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`a${String(n).padStart(2, "0")}`, n]));
  await driver.deliver([{ key: "1", op: "add", match: { external_id: "u1" }, fields: { ...fields, vip: true } }]);
  const found = await braze.targets.user?.discover?.(driver.ctx as never);
  await driver.close();
  const types = Object.fromEntries((found ?? []).map((field) => [field.name, field.type]));
  expect(types).toMatchObject({ external_id: "text", dob: "date", a00: "number", a59: "number", vip: "boolean" });
  expect(new Set(found?.map((field) => field.name)).size).toBe(found?.length);
});

test("takes no more than the cursor of a link", () => {
  expect(nextCursor('<https://evil.example/custom_attributes/?cursor=abc>; rel="next"')).toBe("abc");
  expect(nextCursor('<https://x.example/?cursor=abc>; rel="prev"')).toBeNull();
  expect(nextCursor(undefined)).toBeNull();
});
