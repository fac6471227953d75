import { describe, expect, test } from "vitest";
import { AuthFailed, RateLimited } from "../../../src/core/delivery-errors.ts";
import { ConfigError } from "../../../src/core/errors.ts";
import { requestError } from "../../../src/destinations/intercom/api.ts";
import { conflicting, firstError, refusalFate } from "../../../src/destinations/intercom/errors.ts";
import { eventRefusal, toEvent } from "../../../src/destinations/intercom/event-target.ts";
import { toBody } from "../../../src/destinations/intercom/fields.ts";
import { intercom } from "../../../src/destinations/intercom/index.ts";
import { createDriver, testClock } from "../../contract/connector-driver.ts";
import { start } from "../../sandbox/support.ts";
import { change, sync } from "../salesforce/changes.ts";
import { post } from "./workspace.ts";

const list = (error: object) => ({ type: "error.list", request_id: "r", errors: [error] });

describe("a refusal", () => {
  test.each<[string, number, unknown, string, string]>([
    [
      "with a code",
      400,
      list({ code: "parameter_invalid", message: "name is invalid" }),
      "rejected",
      "PARAMETER_INVALID",
    ],
    ["of a conflict without id", 409, list({ code: "conflict", message: "Multiple contacts" }), "rejected", "CONFLICT"],
    ["of what is not there", 404, list({ code: "not_found", message: "User Not Found" }), "rejected", "NOT_FOUND"],
    ["of a proxy's page", 404, "<html>", "retry", "UNKNOWN_ERROR"],
    ["with an empty list", 400, { type: "error.list", errors: [] }, "retry", "UNKNOWN_ERROR"],
    ["with a code that is a sentence", 400, list({ code: "ann@example.com is bad" }), "retry", "UNKNOWN_ERROR"],
    ["of another shape", 422, { error: "no" }, "retry", "UNKNOWN_ERROR"],
  ])("%s is %s", (_name, status, body, fate, code) => {
    expect(refusalFate({ status, ...firstError(body) })).toMatchObject({ status: fate, code });
    expect(eventRefusal(status, JSON.stringify(body))).toMatchObject({ status: fate, code });
  });

  test.each([
    [
      409,
      "A contact matching those details already exists with id=5ba682d23d7cf92bef87bfd4",
      { id: "5ba682d23d7cf92bef87bfd4", archived: false },
    ],
    [409, "An archived contact matching those details already exists with id=abc-1", { id: "abc-1", archived: true }],
    [409, "A contact matching those details already exists", null],
    [400, "already exists with id=abc", null],
  ])("%i “%s” names the contact in the way", (status, message, want) => {
    expect(conflicting({ status, code: "CONFLICT", message })).toEqual(want);
  });
});

describe("errors of a request", () => {
  const clock = testClock();
  const error = requestError("Write tags", clock);
  test("name the permission, and wait as long as Intercom says", () => {
    const made = error(403, list({ code: "forbidden" }), {});
    expect(made).toBeInstanceOf(AuthFailed);
    expect((made as AuthFailed).hint).toContain("Write tags");
    const reset = String(clock.now().getTime() / 1_000 + 4);
    expect((error(429, {}, { "x-ratelimit-reset": reset }) as RateLimited).retryAfterMs).toBe(4_000);
    expect(error(429, {}, { "x-ratelimit-reset": reset })).toBeInstanceOf(RateLimited);
    expect(error(500, {}, {})).toBeUndefined();
    expect(error(413, {}, {})).toBeUndefined();
  });
});

describe("bodies", () => {
  test("nest custom attributes, write instants as seconds, and clear by NULL", () => {
    expect(
      toBody({
        name: null,
        signed_up_at: "2026-01-01T00:00:01Z",
        "custom_attributes.renewed_at": "2026-01-01T00:00:02Z",
        "custom_attributes.days": null,
      }),
    ).toEqual({
      name: null,
      signed_up_at: 1_767_225_601,
      custom_attributes: { renewed_at: 1_767_225_602, days: null },
    });
    expect(toBody({ signed_up_at: "soon", name: "2026-01-01T00:00:01Z" })).toEqual({
      signed_up_at: "soon",
      name: "2026-01-01T00:00:01Z",
    });
  });

  test("of events name people as events do", () => {
    const row = change(1, { external_id: "u1" }, { "metadata.sku": "x", "metadata.none": null });
    expect(toEvent(row, "external_id", { event: "seen" }, sync())).toEqual({
      event: { event_name: "seen", created_at: 1_772_442_000, user_id: "u1", metadata: { sku: "x" } },
    });
    expect(
      toEvent(change(1, { email: "a@example.com" }, { created_at: null }), "email", { event: "seen" }, sync()),
    ).toMatchObject({ code: "TIME_UNREADABLE" });
  });

  test.each<[string, string, object, Parameters<typeof sync>[0]]>([
    ["two identifiers", "contact", {}, { match: ["external_id", "email"] }],
    ["an unknown field", "contact", {}, { match: ["email"], fields: ["days"] }],
    ["insert by id", "contact", {}, { match: ["id"], mode: "insert" }],
    ["an unknown field of a company", "company", {}, { match: ["company_id"], fields: ["days"] }],
    ["an event's field without its place", "event", { event: "x" }, { match: ["email"], fields: ["sku"] }],
  ])("that cannot work are told before: %s", (_name, target, options, more) => {
    expect(() => intercom.targets[target]?.shape(options, sync(more))).toThrow(ConfigError);
  });
});

describe("a workspace", () => {
  const drive = async (settings: object, target = "contact", options: object = {}) => {
    const sandbox = await start({ intercom: settings });
    const account = { base_url: `${sandbox.url}/intercom`, access_token: "intercom-sandbox" };
    const open = (mode: "mirror" | "upsert" = "mirror") =>
      createDriver({
        connector: intercom,
        account,
        target,
        options,
        mode,
        clock: testClock(),
        secrets: [],
      });
    return { sandbox, open };
  };
  const row = (id: string, name = "N") => ({
    key: id,
    op: "add" as const,
    match: { external_id: id },
    fields: { name },
  });

  test("that does not find a new contact yet refuses it with its id, and it is updated", async () => {
    const { sandbox, open } = await drive({ search_delay_ms: 60_000 });
    const [first, second] = [open(), open()];
    await first.deliver([row("u1", "first")]);
    const fates = await second.deliver([row("u1", "second")]);
    expect(fates).toMatchObject([{ status: "delivered" }]);
    expect(Object.values((await sandbox.state()).intercom.contacts)).toMatchObject([{ fields: { name: "second" } }]);
    await first.close();
    await second.close();
  });

  test("brings an archived contact back", async () => {
    const { sandbox, open } = await drive({});
    const driver = open();
    await driver.deliver([row("u1")]);
    await driver.deliver([{ ...row("u1"), op: "remove" }]);
    expect(Object.values((await sandbox.state()).intercom.contacts)).toMatchObject([{ archived: true }]);
    expect(await driver.deliver([row("u1", "back")])).toMatchObject([{ status: "delivered" }]);
    expect(Object.values((await sandbox.state()).intercom.contacts)).toMatchObject([
      { archived: false, fields: { name: "back" } },
    ]);
    await driver.close();
  });

  test("updates by known ids without a search, and makes a contact again that is gone", async () => {
    const { sandbox, open } = await drive({});
    const driver = open();
    await driver.deliver([row("u1"), row("u2")]);
    const before = sandbox.seen.length;
    const [id] = Object.keys((await sandbox.state()).intercom.contacts);
    await sandbox.call("DELETE", `/intercom/contacts/${id ?? ""}`, {
      headers: { authorization: "Bearer intercom-sandbox", "intercom-version": "2.16" },
    });
    const fates = await driver.deliver([
      { ...row("u1", "again"), op: "update" },
      { ...row("u2", "new"), op: "update" },
    ]);
    expect(fates).toMatchObject([{ status: "delivered" }, { status: "delivered" }]);
    const sent = sandbox.seen.slice(before).map((one) => `${one.method} ${one.path.replace(/[0-9a-f]{24}/, ":id")}`);
    expect(sent).not.toContain("POST /contacts/search");
    expect(Object.values((await sandbox.state()).intercom.contacts)).toHaveLength(2);
    await driver.close();
  });

  test("rejects an address that several contacts have, and erases all of them", async () => {
    const { sandbox, open } = await drive({});
    const url = `${sandbox.url}/intercom`;
    await post(url, "/contacts", [
      { external_id: "u1", email: "a@example.com" },
      { external_id: "u2", email: "a@example.com" },
    ]);
    const driver = open();
    const match = { email: "a@example.com" };
    expect(await driver.deliver([{ key: "a", op: "add", match, fields: { name: "N" } }])).toMatchObject([
      { code: "AMBIGUOUS_MATCH" },
    ]);
    await driver.close();
    const account = { base_url: url, access_token: "intercom-sandbox" };
    const eraser = createDriver({
      connector: intercom,
      account,
      target: "erasure",
      options: {},
      mode: "remove",
      clock: testClock(),
      secrets: [],
    });
    await eraser.deliver([{ key: "a", op: "remove", match, fields: {} }]);
    expect((await sandbox.state()).intercom.contacts).toEqual({});
    await eraser.close();
  });

  test("tells its attributes under the names of a mapping", async () => {
    const { open } = await drive({});
    const driver = open();
    const found = await intercom.targets.contact?.discover?.(driver.ctx as never);
    expect(Object.fromEntries((found ?? []).map((field) => [field.name, field.type]))).toMatchObject({
      email: "text",
      "custom_attributes.days": "integer",
      "custom_attributes.vip": "boolean",
    });
    await driver.close();
  });
});
