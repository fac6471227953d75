import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AuthFailed, BatchRefused, RateLimited, TargetInvalid } from "../../../src/core/delivery-errors.ts";
import { ConfigError } from "../../../src/core/errors.ts";
import type { Mode } from "../../../src/core/sync.ts";
import type { Row } from "../../../src/core/value.ts";
import { flawOf, toContact } from "../../../src/destinations/sendgrid/contacts.ts";
import { requestError } from "../../../src/destinations/sendgrid/errors.ts";
import { sendgrid } from "../../../src/destinations/sendgrid/index.ts";
import type { Seen } from "../../../src/sandbox/core/exchange.ts";
import type { MisbehaviourInput } from "../../../src/sandbox/core/misbehaviour.ts";
import { type Sandbox, startSandbox } from "../../../src/sandbox/sandbox.ts";
import { testClock } from "../../contract/connector.ts";
import { createDriver, type Driver } from "../../contract/connector-driver.ts";
import { tellSandbox } from "../../contract/sandbox-faults.ts";
import { contactsOf, type SendgridState } from "./account.ts";

const clock = testClock();
let sandbox: Sandbox;
let seen: Seen[] = [];
const drivers: Driver[] = [];
const open = async (settings: Row = {}) => {
  sandbox = await startSandbox({ port: 0, clock, observe: (one) => seen.push(one), config: { sendgrid: settings } });
};
beforeEach(async () => {
  seen = [];
  await open();
});
afterEach(async () => {
  for (const driver of drivers.splice(0)) await driver.close();
  await sandbox.close();
});

function drive(target: string, options: Row, mode: Mode): Driver {
  const account = { base_url: `${sandbox.url}/sendgrid`, api_key: "SG.sandbox" };
  const driver = createDriver({
    connector: sendgrid,
    account,
    target,
    options,
    mode,
    clock,
    secrets: [],
    timeoutMs: 5_000,
  });
  drivers.push(driver);
  return driver;
}
const misbehave = (rule: MisbehaviourInput) => tellSandbox(sandbox.url, rule);
const state = async () =>
  ((await (await fetch(`${sandbox.url}/_sandbox/state`)).json()) as { sendgrid: SendgridState }).sendgrid;
const person = (n: number, fields: Row = { first_name: `F${n}` }) => ({
  key: `p${n}`,
  op: "add" as const,
  match: { email: `P${n}@example.com` },
  fields,
});

describe("a job", () => {
  test("with errors is halved until the bad contact stands alone", async () => {
    const rows = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => person(n, { days_silent: n === 5 ? "never" : n }));
    const fates = await drive("contact", {}, "upsert").deliver(rows);
    expect(fates.map((fate) => fate.status)).toEqual(rows.map((_, n) => (n === 5 ? "rejected" : "delivered")));
    expect(fates[5]).toMatchObject({ code: "CONTACT_REFUSED" });
    expect(contactsOf(await state())).toHaveLength(7);
  });

  test("that failed as a whole delivers nothing, and that is gone says nothing", async () => {
    await misbehave({ kind: "fail_job", times: 1 });
    const [failed] = await drive("contact", {}, "upsert").deliver([person(1)]);
    expect(failed).toMatchObject({ status: "rejected", code: "CONTACT_REFUSED" });
    await misbehave({ kind: "lost_job" });
    const [lost] = await drive("contact", {}, "upsert").deliver([person(2)]);
    expect(lost).toMatchObject({ status: "retry", code: "RESULT_MISSING" });
  });

  test.each([
    ["a status that is not documented", { status: "sleeping" }],
    ["no status", {}],
  ])("with %s is never called delivered", async (_what, body) => {
    const target = sendgrid.targets.contact;
    const change = { seq: 1, op: "add" as const, key: "k", match: { email: "a@example.com" }, fields: {} };
    const http = {
      request: async ({
        expect: schema,
      }: {
        expect: { safeParse(value: unknown): { data?: unknown; success: boolean } };
      }) => {
        const read = schema.safeParse(body);
        if (!read.success) throw new TargetInvalid("does not fit", { hint: "h" });
        return { status: 200, headers: {}, body: read.data };
      },
    };
    const ctx = { ...drive("contact", {}, "upsert").ctx, http } as never;
    const job = { id: "j", phase: "pending", data: { settled: [] } };
    const result = target?.poll?.(job, { changes: [change] } as never, ctx);
    const rows = await result?.then(
      (done) => (done.state === "done" ? done.rows : []),
      () => [],
    );
    expect(rows?.some((row) => row.status === "delivered")).toBe(false);
  });
});

test.each<[number, unknown, new (...args: never[]) => Error]>([
  [403, { errors: [{ message: "access forbidden" }] }, AuthFailed],
  [404, {}, TargetInvalid],
  [400, { errors: [{ message: "ann@example.com is wrong", field: "contacts[3].email" }] }, BatchRefused],
  [413, "too large", BatchRefused],
])("status %i means what its body says, and quotes none of it", (status, body, kind) => {
  const error = requestError("marketing", clock)(status, body, {});
  expect(error).toBeInstanceOf(kind);
  expect(error?.message).not.toContain("@");
});

test("429 waits until the window ends that its own header names", () => {
  const at = Math.floor(clock.now().getTime() / 1_000) + 9;
  const error = requestError("marketing", clock)(429, {}, { "x-ratelimit-reset": String(at) });
  expect(error).toBeInstanceOf(RateLimited);
  expect((error as RateLimited).retryAfterMs).toBeGreaterThan(8_000);
  expect(requestError("marketing", clock)(429, {}, { "retry-after": "3" })).toBeUndefined();
});

test("a contact has custom fields by id, and NULL clears", () => {
  const change = {
    seq: 1,
    op: "add" as const,
    key: "k",
    match: { email: "a@example.com", external_id: 7 },
    fields: { first_name: null, days: 3, gone: null, alternate_emails: ["b@example.com"] },
  };
  const contact = toContact(
    change,
    new Map([
      ["days", "e1_N"],
      ["gone", "e2_T"],
    ]),
  );
  expect(contact).toEqual({
    email: "a@example.com",
    external_id: "7",
    first_name: "",
    alternate_emails: ["b@example.com"],
    custom_fields: { e1_N: 3, e2_T: null },
  });
  expect(flawOf(contact)).toBeNull();
  expect(flawOf({ ...contact, first_name: "x".repeat(51) })).toMatchObject({ code: "TEXT_TOO_LONG" });
  expect(flawOf({ ...contact, alternate_emails: Array(6).fill("a@b.c") })).toMatchObject({ code: "TOO_MANY_EMAILS" });
});

test("a custom field that is made after the first run is found", async () => {
  const driver = drive("contact", {}, "upsert");
  await driver.deliver([person(1, { note: "first" })]);
  const reads = seen.filter((one) => one.path.endsWith("field_definitions")).length;
  await driver.deliver([person(1, { note: "second" })]);
  expect(seen.filter((one) => one.path.endsWith("field_definitions"))).toHaveLength(reads);
  await expect(driver.deliver([person(1, { no_such_field: "x" })])).rejects.toMatchObject({
    code: "DEST_TARGET_INVALID",
  });
  expect(seen.filter((one) => one.path.endsWith("field_definitions"))).toHaveLength(reads + 1);
});

test("two rows of one address are told, whatever their case", async () => {
  const twin = { ...person(1), key: "twin", match: { email: "p1@EXAMPLE.com" } };
  const fates = await drive("contact", {}, "upsert").deliver([person(1), twin]);
  expect(fates[1]).toMatchObject({ status: "rejected", code: "DUPLICATE_MATCH" });
});

describe("suppression", () => {
  test("is not lifted unless the sync says so", () => {
    const driver = drive("suppression", { group: "Newsletter" }, "upsert");
    const { sync } = driver.plan([person(1, {})]);
    const shape = (to: Row, mode: Mode) =>
      sendgrid.targets.suppression?.shape(sendgrid.targets.suppression.options.parse(to), { ...sync, mode });
    expect(() => shape({ group: 7 }, "mirror")).toThrow(ConfigError);
    expect(() => shape({ group: 7, lift: true }, "mirror")).not.toThrow();
  });

  test("of a group that was deleted is refused, for SendGrid would suppress everything", async () => {
    const driver = drive("suppression", { group: "Newsletter" }, "upsert");
    await driver.deliver([person(1, {})]);
    await sandbox.close();
    const port = sandbox.port;
    sandbox = await startSandbox({ port, clock, config: { sendgrid: { groups: { "9": "Other" } } } });
    await expect(driver.deliver([person(2, {})])).rejects.toMatchObject({ code: "DEST_TARGET_INVALID" });
    expect((await state()).suppressed).toEqual({});
  });
});

test("the check names the permission that is missing", async () => {
  await sandbox.close();
  await open({ scopes: ["mail.send"] });
  const { ctx } = drive("contact", {}, "upsert");
  await expect(sendgrid.check(ctx as never)).rejects.toThrow("no permission for marketing");
});

test("fields are told with the types of the account's custom fields", async () => {
  const ctx = { ...drive("contact", {}, "upsert").ctx, options: {}, state: null };
  const fields = (await sendgrid.targets.contact?.discover?.(ctx as never)) ?? [];
  expect(fields.find((field) => field.name === "days_silent")?.type).toBe("number");
  expect(fields.find((field) => field.name === "last_order")?.type).toBe("date");
});

test("who is erased is no contact any more, and the data of their email goes, too", async () => {
  await drive("contact", {}, "upsert").deliver([person(1)]);
  const fates = await drive("erasure", {}, "remove").deliver([
    { ...person(1, {}), op: "remove" },
    { ...person(2, {}), op: "remove" },
  ]);
  expect(fates.map((fate) => fate.status)).toEqual(["accepted", "accepted"]);
  const held = await state();
  expect(Object.keys(held.contacts)).toEqual([]);
  expect(held.erased).toEqual(["p1@example.com", "p2@example.com"]);
});
