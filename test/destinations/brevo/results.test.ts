import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AuthFailed, BatchRefused, RateLimited, TargetInvalid } from "../../../src/core/delivery-errors.ts";
import type { Mode } from "../../../src/core/sync.ts";
import type { Row } from "../../../src/core/value.ts";
import { toAttributes } from "../../../src/destinations/brevo/attributes.ts";
import { requestError } from "../../../src/destinations/brevo/errors.ts";
import { toEvent } from "../../../src/destinations/brevo/event-target.ts";
import { brevo } from "../../../src/destinations/brevo/index.ts";
import { missingPlaces } from "../../../src/destinations/brevo/update.ts";
import type { Seen } from "../../../src/sandbox/core/exchange.ts";
import type { MisbehaviourInput } from "../../../src/sandbox/core/misbehaviour.ts";
import { type Sandbox, startSandbox } from "../../../src/sandbox/sandbox.ts";
import { testClock } from "../../contract/connector.ts";
import { createDriver, type Driver } from "../../contract/connector-driver.ts";
import { tellSandbox } from "../../contract/sandbox-faults.ts";
import { type BrevoState, emails, seedContacts } from "./account.ts";

const clock = testClock();
let sandbox: Sandbox;
let seen: Seen[] = [];
const drivers: Driver[] = [];
beforeEach(async () => {
  seen = [];
  sandbox = await startSandbox({
    port: 0,
    clock,
    observe: (one) => seen.push(one),
    config: { brevo: { requests_per_second: 500 } },
  });
});
afterEach(async () => {
  for (const driver of drivers.splice(0)) await driver.close();
  await sandbox.close();
});

function drive(target: string, options: Row, mode: Mode, more: Row = {}): Driver {
  const account = { base_url: `${sandbox.url}/brevo`, api_key: "xkeysib-sandbox", ...more };
  const driver = createDriver({
    connector: brevo,
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
  ((await (await fetch(`${sandbox.url}/_sandbox/state`)).json()) as { brevo: BrevoState }).brevo;
const person = (n: number, fields: Row = { FIRSTNAME: `F${n}` }) => ({
  key: `p${n}`,
  op: "add" as const,
  match: { email: `p${n}@example.com` },
  fields,
});

test.each<[string, string, readonly number[]]>([
  ["places", '{"code":"document_not_found","message":"No contact found for indexes 3,4"}', [3, 4]],
  ["one place", '{"code":"document_not_found","message":"No contact found for index 0"}', [0]],
  ["a place that cannot be", '{"code":"document_not_found","message":"No contact found for indexes 3,9"}', []],
  ["another code", '{"code":"invalid_parameter","message":"No contact found for indexes 3"}', []],
  ["no places", '{"code":"document_not_found","message":"nobody"}', []],
  ["no JSON", "<html>", []],
])("who is not there is read from %s", (_what, body, places) => {
  expect([...missingPlaces(body, 5)]).toEqual(places);
});

test("an update leaves out who is not there, and writes the others at once", async () => {
  await seedContacts(`${sandbox.url}/brevo`, emails(2));
  const fates = await drive("contact", {}, "update").deliver([person(7), person(0), person(8), person(1)]);
  expect(fates.map((fate) => (fate.status === "rejected" ? fate.code : fate.status))).toEqual([
    "NOT_FOUND",
    "delivered",
    "NOT_FOUND",
    "delivered",
  ]);
  expect(seen.filter((one) => one.path.endsWith("/contacts/batch"))).toHaveLength(2);
});

test.each<[number, unknown, new (...args: never[]) => Error]>([
  [403, { code: "permission_denied", message: "x" }, AuthFailed],
  [404, { code: "document_not_found", message: "x" }, TargetInvalid],
  [400, { code: "invalid_parameter", message: "ann@example.com is not valid" }, BatchRefused],
])("status %i means what its code says, and quotes none of it", (status, body, kind) => {
  const error = requestError(status, body, {});
  expect(error).toBeInstanceOf(kind);
  expect(error?.message).not.toContain("@");
});

test("429 waits for the seconds that Brevo's own header says", () => {
  const error = requestError(429, {}, { "x-sib-ratelimit-reset": "3" });
  expect(error).toBeInstanceOf(RateLimited);
  expect((error as RateLimited).retryAfterMs).toBe(3_000);
  expect(requestError(429, {}, { "retry-after": "1" })).toBeUndefined();
  expect(requestError(429, {}, {})).toBeUndefined();
});

describe("attributes", () => {
  const types = new Map([
    ["A", "float"],
    ["B", "date"],
    ["C", "boolean"],
    ["D", "text"],
  ]);
  test("are sent as their types, and NULL clears", () => {
    expect(toAttributes({ A: "1.5", B: "2026-01-02T10:00:00Z", C: "true", D: null }, types)).toEqual({
      A: 1.5,
      B: "2026-01-02",
      C: true,
      D: "",
    });
  });

  test.each([[{ A: "much" }], [{ B: "yesterday" }], [{ C: "perhaps" }]])(
    "that Brevo would ignore are refused: %j",
    (fields) => {
      expect(toAttributes(fields, types)).toMatchObject({ status: "rejected", code: "TYPE_MISMATCH" });
    },
  );

  test.each(["NOWHERE", "SCORE"])("that are not there, or computed, stop the sync: %s", async (name) => {
    const sent = drive("contact", {}, "upsert").deliver([person(1, { [name]: "x" })]);
    await expect(sent).rejects.toMatchObject({ code: "DEST_TARGET_INVALID" });
    expect(Object.keys((await state()).contacts)).toEqual([]);
  });

  test("are told with their types, computed ones as not writable", async () => {
    const ctx = { ...drive("contact", {}, "upsert").ctx, options: {}, state: null };
    const fields = (await brevo.targets.contact?.discover?.(ctx as never)) ?? [];
    expect(fields.find((field) => field.name === "DAYS")).toMatchObject({ type: "number", writable: true });
    expect(fields.find((field) => field.name === "SCORE")?.writable).toBe(false);
  });
});

describe("an import", () => {
  test("is polled by its id while it runs, and never sent twice", async () => {
    await misbehave({ kind: "slow_job", polls: 3 });
    const [fate] = await drive("list", { list: "L" }, "mirror").deliver([person(1)]);
    expect(fate?.status).toBe("accepted");
    expect(seen.filter((one) => one.path.includes("/processes/"))).toHaveLength(4);
    expect(seen.filter((one) => one.path.endsWith("/import"))).toHaveLength(1);
  });

  test("that is gone is never called delivered", async () => {
    await misbehave({ kind: "lost_job" });
    const [fate] = await drive("list", { list: "L" }, "mirror").deliver([person(1)]);
    expect(fate).toMatchObject({ status: "retry", code: "RESULT_MISSING" });
  });

  test("leaves out nobody without a word", async () => {
    const nobody = { ...person(2), match: { email: "no address" } };
    const fates = await drive("list", { list: "L" }, "mirror").deliver([person(1), nobody]);
    expect(fates[1]).toMatchObject({ status: "rejected", code: "INVALID_EMAIL" });
  });
});

test("a list is found by name or id, and made once", async () => {
  await drive("list", { list: "VIP" }, "mirror").deliver([person(1)]);
  const [id = ""] = Object.keys((await state()).lists);
  await drive("list", { list: "VIP", create: false }, "mirror").deliver([person(1)]);
  await drive("list", { list: Number(id), create: false }, "mirror").deliver([person(1)]);
  expect(Object.keys((await state()).lists)).toHaveLength(1);
  const nowhere = drive("list", { list: "Nowhere", create: false }, "mirror").deliver([person(1)]);
  await expect(nowhere).rejects.toMatchObject({ code: "DEST_TARGET_INVALID" });
});

test("an event names the contact by what the row has", () => {
  const change = {
    seq: 1,
    op: "add" as const,
    key: "k",
    match: { email: null, ext_id: 7 },
    fields: { "properties.n": 1, event_date: null },
  };
  expect(toEvent(change, "bought")).toEqual({
    event_name: "bought",
    identifiers: { ext_id: "7" },
    event_properties: { n: 1 },
  });
  expect(toEvent({ ...change, match: { email: "" } }, "bought")).toBeNull();
});

test("another account's address is refused by the check", async () => {
  const { ctx } = drive("contact", {}, "upsert", { account_email: "somebody@example.com" });
  await expect(brevo.check(ctx as never)).rejects.toBeInstanceOf(AuthFailed);
});
