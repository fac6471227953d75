import { describe, expect, test } from "vitest";
import { AuthFailed, BatchRefused, RateLimited, TargetInvalid } from "../../../src/core/delivery-errors.ts";
import { ConfigError } from "../../../src/core/errors.ts";
import type { Value } from "../../../src/core/value.ts";
import type { Identified } from "../../../src/destinations/identified.ts";
import { accountKey, accountSchema, baseUrl } from "../../../src/destinations/mailchimp/account.ts";
import { readBatch } from "../../../src/destinations/mailchimp/batch-answer.ts";
import { requestError } from "../../../src/destinations/mailchimp/errors.ts";
import { toEvent } from "../../../src/destinations/mailchimp/event-target.ts";
import { mailchimp } from "../../../src/destinations/mailchimp/index.ts";
import { toMember } from "../../../src/destinations/mailchimp/member.ts";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";
import { testClock } from "../../contract/connector.ts";
import { createDriver } from "../../contract/connector-driver.ts";

const row = (seq: number, id: string, fields = {}): Identified => ({
  value: id,
  change: { seq, op: "add", key: id, match: { email: id }, fields },
});
const rows = [row(1, "Ann@example.com"), row(2, "bob@example.com")];
const answer = (body: Record<string, Value>) =>
  ({ new_members: [], updated_members: [], errors: [], ...body }) as never;
const error = (more: Record<string, Value>) => ({ email_address: "bob@example.com", ...more });

describe("a batch's answer", () => {
  test("is read by address, whatever its case and order", () => {
    const fates = readBatch(
      rows,
      "upsert",
      answer({
        updated_members: [{ email_address: "bob@example.com" }],
        new_members: [{ email_address: "ann@example.com" }],
      }),
    );
    expect([...fates.values()].map((fate) => fate.status)).toEqual(["delivered", "delivered"]);
  });

  test.each<[string, Record<string, Value>, "upsert" | "insert", string, string | undefined]>([
    ["a generic error", { error: "nope", error_code: "ERROR_GENERIC" }, "upsert", "rejected", "ERROR_GENERIC"],
    [
      "a field's error",
      { error: "bad", error_code: "ERROR_GENERIC", field: "merge_fields.DAYS" },
      "upsert",
      "rejected",
      "INVALID_FIELD",
    ],
    ["who is there, for insert", { error: "x", error_code: "ERROR_CONTACT_EXISTS" }, "insert", "delivered", undefined],
    [
      "who is there, for upsert",
      { error: "x", error_code: "ERROR_CONTACT_EXISTS" },
      "upsert",
      "rejected",
      "ERROR_CONTACT_EXISTS",
    ],
    [
      "who unsubscribed",
      { error: "bob@example.com is in a compliance state due to unsubscribe", error_code: "ERROR_GENERIC" },
      "upsert",
      "rejected",
      "UNSUBSCRIBED",
    ],
    [
      "who was erased",
      { error: "bob@example.com was permanently deleted and cannot be re-imported", error_code: "ERROR_GENERIC" },
      "upsert",
      "rejected",
      "FORGOTTEN",
    ],
    ["an unknown code", { error: "?", error_code: "ERROR_NEW" }, "upsert", "retry", "UNREADABLE_RESULT"],
    ["no code", { error: "?" }, "upsert", "retry", "UNREADABLE_RESULT"],
  ])("tells %s", (_what, more, writes, status, code) => {
    const fate = readBatch(rows, writes, answer({ errors: [error(more)] })).get(2);
    expect(fate).toMatchObject({ status, ...(code === undefined ? {} : { code }) });
    expect(JSON.stringify(fate)).not.toContain("bob@");
  });

  test.each<[string, Record<string, Value>]>([
    ["named by nothing", {}],
    ["of an unreadable entry", { errors: ["bob@example.com"], new_members: [null, { email: "bob@example.com" }] }],
    [
      "both written and refused",
      {
        new_members: [{ email_address: "bob@example.com" }],
        errors: [error({ error: "x", error_code: "ERROR_GENERIC" })],
      },
    ],
  ])("says nothing of a row that is %s", (_what, body) => {
    expect(readBatch(rows, "upsert", answer(body)).get(2)).toBeUndefined();
  });
});

test.each<[number, unknown, new (...args: never[]) => Error]>([
  [403, "", RateLimited],
  [403, { title: "Forbidden", status: 403 }, AuthFailed],
  [404, { title: "Resource Not Found" }, TargetInvalid],
  [400, { title: "Invalid Resource", errors: [{ field: "members.0.vip", message: "ann@example.com" }] }, BatchRefused],
])("status %i means what its body says", (status, body, kind) => {
  const found = requestError(status, body);
  expect(found).toBeInstanceOf(kind);
  expect(found?.message).not.toContain("@");
});

test("401, 429 and 5xx are left to the HTTP client", () => {
  for (const status of [401, 429, 500, 503]) expect(requestError(status, {})).toBeUndefined();
});

describe("a member", () => {
  test("has merge fields, groups and tags where they belong, and NULL clears", () => {
    const fields = { FNAME: null, DAYS: 3, "interests.ab12": true, tags: ["own"], vip: null, language: null };
    expect(toMember(row(1, "a@example.com", fields), "pending", ["all", "own"])).toEqual({
      email_address: "a@example.com",
      status: "pending",
      vip: false,
      tags: ["all", "own"],
      merge_fields: { FNAME: "", DAYS: 3 },
      interests: { ab12: true },
    });
  });

  test("has the row's status before the target's", () => {
    expect(toMember(row(1, "a@example.com", { status: "unsubscribed" }), "subscribed", []).status).toBe("unsubscribed");
  });
});

test("an event's properties are texts", () => {
  const { change } = row(1, "a@example.com", { "properties.n": 1, "properties.list": [1], "properties.no": null });
  expect(toEvent(change, { event: "bought", backfill: true })).toEqual({
    name: "bought",
    is_syncing: true,
    properties: { n: "1", list: "[1]" },
  });
});

describe("an account", () => {
  test("lives in the data centre of its key", () => {
    expect(baseUrl(accountSchema.parse({ api_key: "abc-us21" }))).toBe("https://us21.api.mailchimp.com");
    const oauth = accountSchema.parse({ access_token: "t", data_center: "us6", account_id: "8d" });
    expect([baseUrl(oauth), accountKey(oauth)]).toEqual(["https://us6.api.mailchimp.com", "us6.api.mailchimp.com#8d"]);
  });

  test("is refused on use, where the key does not tell where it is", () => {
    expect(() => baseUrl(accountSchema.parse({ api_key: "abc" }))).toThrow(ConfigError);
  });

  test.each([[{ access_token: "t" }], [{ api_key: "a-us1", access_token: "t" }], [{}]])(
    "is refused where nobody knows where or who it is: %j",
    (account) => expect(accountSchema.safeParse(account).success).toBe(false),
  );
});

describe("against the stand-in", () => {
  const open = async (target: string, options: Record<string, Value>, account: Record<string, Value> = {}) => {
    const clock = testClock();
    const sandbox = await startSandbox({ port: 0, clock });
    const driver = createDriver({
      connector: mailchimp,
      account: { base_url: `${sandbox.url}/mailchimp`, api_key: "sandbox-us6", ...account },
      target,
      options,
      mode: "mirror",
      clock,
      secrets: [],
      timeoutMs: 5_000,
    });
    return { driver, close: async () => Promise.all([driver.close(), sandbox.close()]) };
  };
  const ann = { key: "ann", match: { email: "ann@example.com" }, fields: { FNAME: "Ann" } };

  test("somebody who unsubscribed is not subscribed again", async () => {
    const { driver, close } = await open("member", { audience: "Newsletter", status: "subscribed" });
    await driver.deliver([{ ...ann, op: "add" }]);
    await driver.deliver([{ ...ann, op: "update", fields: { status: "unsubscribed" } }]);
    const [fate] = await driver.deliver([{ ...ann, op: "update" }]);
    expect(fate).toMatchObject({ status: "rejected", code: "UNSUBSCRIBED" });
    await close();
  });

  test("the fields of an audience are told, with types and choices", async () => {
    const { driver, close } = await open("member", { audience: "Newsletter", status: "subscribed" });
    const run = driver.plan([]);
    const ctx = { ...driver.ctx, options: { audience: "Newsletter" }, sync: run.sync, state: null };
    const fields = (await mailchimp.targets.member?.discover?.(ctx as never)) ?? [];
    expect(fields.find((field) => field.name === "DAYS")).toMatchObject({ type: "number", required: false });
    expect(fields.find((field) => field.name === "SIZE")?.values).toEqual(["S", "M", "L"]);
    expect(fields[0]).toMatchObject({ name: "email", required: true });
    await close();
  });

  test.each([
    ["member", { audience: "Nowhere", status: "subscribed" }],
    ["tag", { audience: "Newsletter", tag: "Nowhere", create: false }],
  ])("a %s whose audience or tag is not there stops", async (target, options) => {
    const { driver, close } = await open(target, options);
    await expect(driver.deliver([{ ...ann, op: "add", fields: {} }])).rejects.toMatchObject({
      code: "DEST_TARGET_INVALID",
    });
    await close();
  });

  test("another account's id is refused by the check", async () => {
    const { driver, close } = await open("tag", { audience: "Newsletter", tag: "T" }, { account_id: "another" });
    await expect(mailchimp.check(driver.ctx as never)).rejects.toBeInstanceOf(AuthFailed);
    await close();
  });
});
