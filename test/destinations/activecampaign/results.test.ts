import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AuthFailed, BatchRefused, RateLimited, TargetInvalid } from "../../../src/core/delivery-errors.ts";
import type { Mode } from "../../../src/core/sync.ts";
import type { Row } from "../../../src/core/value.ts";
import { requestError } from "../../../src/destinations/activecampaign/errors.ts";
import { toWritten } from "../../../src/destinations/activecampaign/fields.ts";
import { pollImport } from "../../../src/destinations/activecampaign/import.ts";
import { activecampaign } from "../../../src/destinations/activecampaign/index.ts";
import { accepted, delivered } from "../../../src/destinations/fates.ts";
import type { Seen } from "../../../src/sandbox/core/exchange.ts";
import type { MisbehaviourInput } from "../../../src/sandbox/core/misbehaviour.ts";
import { type Sandbox, startSandbox } from "../../../src/sandbox/sandbox.ts";
import { testClock } from "../../contract/connector.ts";
import { createDriver, type Driver } from "../../contract/connector-driver.ts";
import { tellSandbox } from "../../contract/sandbox-faults.ts";
import { type ActiveCampaignState, emails, seedContacts } from "./account.ts";

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
    config: { activecampaign: { requests_per_second: 500 } },
  });
});
afterEach(async () => {
  for (const driver of drivers.splice(0)) await driver.close();
  await sandbox.close();
});

function drive(target: string, options: Row, mode: Mode): Driver {
  const account = { base_url: `${sandbox.url}/activecampaign`, api_key: "ac-sandbox-key" };
  const parts = { connector: activecampaign, account, target, options, mode, clock, secrets: [], timeoutMs: 5_000 };
  const driver = createDriver(parts);
  drivers.push(driver);
  return driver;
}
const misbehave = (rule: MisbehaviourInput) => tellSandbox(sandbox.url, rule);
const state = async () =>
  ((await (await fetch(`${sandbox.url}/_sandbox/state`)).json()) as { activecampaign: ActiveCampaignState })
    .activecampaign;
const person = (n: number, op: "add" | "update" | "remove" = "add", fields: Row = { PLAN: `P${n}` }) => ({
  key: `p${n}`,
  op,
  match: { email: `p${n}@example.com` },
  fields: op === "remove" ? {} : fields,
});
const people = (count: number) => Array.from({ length: count }, (_, n) => person(n));
const requests = (path: RegExp) => seen.filter((one) => path.test(one.path)).length;

test.each<[number, unknown, new (...args: never[]) => Error]>([
  [400, { success: 0, message: "Rate limit exceeded.", failureReasons: ["Up to 100 imports"] }, RateLimited],
  [400, { success: 0, message: "JSON", failureReasons: [{ contact: 230, failureReason: "a@b.c" }] }, BatchRefused],
  [422, { errors: [{ title: "ann@example.com is not valid", code: "email_invalid" }] }, BatchRefused],
  [422, "<html>ann@example.com", BatchRefused],
  [402, {}, AuthFailed],
  [403, { message: "You do not have permission" }, AuthFailed],
  [404, { message: "No Result found" }, TargetInvalid],
])("status %i with %j means what it says, and none of it is quoted", (status, body, kind) => {
  const error = requestError(status, body);
  expect(error).toBeInstanceOf(kind);
  expect(error?.message).not.toContain("@");
});

test("a full minute of imports is waited for", () => {
  const error = requestError(400, { message: "Rate limit exceeded." });
  expect((error as RateLimited).retryAfterMs).toBe(60_000);
  expect(requestError(429, {})).toBeUndefined();
});

describe("an import's info", () => {
  const changes = people(3).map((one, at) => ({ ...one, seq: at + 1 }));
  const job = { id: "b", phase: "queued", data: { settled: [] } };
  const read = async (status: number, body: unknown, fate = delivered()) => {
    const http = {
      request: ({ expect: schema }: { expect: { parse(raw: unknown): unknown } }) =>
        Promise.resolve({ status, headers: {}, body: schema.parse(body) }),
    };
    const result = await pollImport(job, { changes } as never, { http } as never, fate);
    return result.state === "done"
      ? result.rows.map((row) => (row.status === "rejected" ? row.code : row.status))
      : result.state;
  };

  test.each<[string, number, unknown, readonly string[] | string]>([
    [
      "all",
      200,
      { status: "completed", success: ["1", "2", "3"], failure: [] },
      ["delivered", "delivered", "delivered"],
    ],
    [
      "one that failed, by its address in whatever case",
      200,
      { status: "completed", success: ["1", "2"], failure: ["P1@example.com"] },
      ["delivered", "IMPORT_FAILED", "delivered"],
    ],
    [
      "a sum that does not make up the whole",
      200,
      { status: "completed", success: ["1"], failure: ["p1@example.com"] },
      ["retry", "IMPORT_FAILED", "retry"],
    ],
    [
      "a failure of somebody unknown",
      200,
      { status: "completed", success: ["1", "2"], failure: ["x@example.com"] },
      ["retry", "retry", "retry"],
    ],
    ["nobody", 200, { status: "completed" }, ["retry", "retry", "retry"]],
    ["a failure of the import", 200, { status: "failed", success: ["1", "2", "3"] }, ["retry", "retry", "retry"]],
    ["no such import", 400, { success: 0, message: "'batchId'" }, ["retry", "retry", "retry"]],
    ["work under way", 200, { status: "active", success: [], failure: [] }, "pending"],
    ["a status that no page has", 200, { status: "brewing" }, "pending"],
  ])("that tells %s", async (_what, status, body, fates) => {
    expect(await read(status, body)).toEqual(fates);
  });

  test("calls nobody delivered whom the target calls accepted", async () => {
    const body = { status: "completed", success: ["1", "2"], failure: ["p0@example.com"] };
    expect(await read(200, body, accepted)).toEqual(["IMPORT_FAILED", "accepted", "accepted"]);
  });
});

describe("contacts", () => {
  test("are imported from ten on, and synced with their ids below", async () => {
    expect((await drive("contact", {}, "upsert").deliver(people(9)))[0]).toMatchObject({
      externalId: expect.any(String),
    });
    expect([requests(/contact\/sync$/), requests(/bulk_import$/)]).toEqual([9, 0]);
    await drive("contact", {}, "upsert").deliver(people(10));
    expect([requests(/contact\/sync$/), requests(/bulk_import$/)]).toEqual([9, 1]);
  });

  test("that the import could not take are rejected alone, and what is no address is not sent", async () => {
    const rows = [...people(12), { ...person(20), match: { email: "o'neill@example.com" } }];
    const fates = await drive("contact", {}, "upsert").deliver([
      ...rows,
      { ...person(21), match: { email: "nobody" } },
    ]);
    const codes = fates.map((fate) => (fate.status === "rejected" ? fate.code : fate.status));
    expect(codes).toEqual([...people(12).map(() => "delivered"), "IMPORT_FAILED", "INVALID_EMAIL"]);
    expect(await (await fetch(`${sandbox.url}/_sandbox/violations`)).json()).toEqual([]);
  });

  test("that are not there are not made by an update", async () => {
    await seedContacts(`${sandbox.url}/activecampaign`, emails(1));
    const fates = await drive("contact", {}, "update").deliver([person(0, "update"), person(7, "update")]);
    expect(fates[0]?.status).toBe("delivered");
    expect(fates[1]).toMatchObject({ status: "rejected", code: "NOT_FOUND" });
    expect(Object.keys((await state()).contacts)).toEqual(["p0@example.com"]);
  });

  test("of an import are polled by its id while it runs, and it is never sent twice", async () => {
    await misbehave({ kind: "slow_job", polls: 3 });
    const fates = await drive("contact", {}, "upsert").deliver(people(10));
    expect(new Set(fates.map((fate) => fate.status))).toEqual(new Set(["delivered"]));
    expect([requests(/import\/info$/), requests(/bulk_import$/)]).toEqual([4, 1]);
  });

  test("of an import that is gone are never called delivered", async () => {
    await misbehave({ kind: "lost_job" });
    const [fate] = await drive("contact", {}, "upsert").deliver(people(10));
    expect(fate).toMatchObject({ status: "retry", code: "RESULT_MISSING" });
  });
});

describe("fields", () => {
  const definitions = { D: { id: 1, type: "date" }, T: { id: 2, type: "datetime" }, L: { id: 3, type: "listbox" } };
  test("are written as texts by their ids, choices between pipes, NULL as the empty text", () => {
    const row = { D: "2026-01-02T10:00:00Z", T: "2026-01-02 10:00", L: ["a", "b"], first_name: null };
    expect(toWritten(row, definitions)).toEqual({
      standard: { first_name: "" },
      custom: [
        { id: 1, value: "2026-01-02" },
        { id: 2, value: "2026-01-02 10:00" },
        { id: 3, value: "||a||b||" },
      ],
    });
  });

  test.each([[{ D: "yesterday" }], [{ T: "2026" }]])("of another type are refused: %j", (row) => {
    expect(toWritten(row, definitions)).toMatchObject({ status: "rejected", code: "TYPE_MISMATCH" });
  });

  test("that are not there stop the sync", async () => {
    const sent = drive("contact", {}, "upsert").deliver([person(1, "add", { NOWHERE: "x" })]);
    await expect(sent).rejects.toMatchObject({ code: "DEST_TARGET_INVALID" });
    expect(Object.keys((await state()).contacts)).toEqual([]);
  });

  test("are told with their types", async () => {
    const ctx = { ...drive("contact", {}, "upsert").ctx, options: {}, state: null };
    const fields = (await activecampaign.targets.contact?.discover?.(ctx as never)) ?? [];
    expect(fields.find((field) => field.name === "SINCE")).toMatchObject({ type: "date", writable: true });
    expect(fields.filter((field) => field.required).map((field) => field.name)).toEqual(["email"]);
  });
});

describe("a list", () => {
  const subscribed = async () =>
    Object.values((await state()).contacts).flatMap((one) => (one.lists["2"] === "1" ? [one.email] : []));

  test("keeps out who has left it, is never said to have them, and takes them back when told to", async () => {
    const list = drive("list", { list: "Lapsing" }, "mirror");
    expect((await list.deliver([person(1)]))[0]?.status).toBe("accepted");
    await list.deliver([person(1, "remove")]);
    expect((await list.deliver([person(1)]))[0]?.status).toBe("accepted");
    expect(await subscribed()).toEqual([]);
    const back = drive("list", { list: "Lapsing", resubscribe: true }, "mirror");
    expect((await back.deliver([person(1)]))[0]?.status).toBe("delivered");
    expect(await subscribed()).toEqual(["p1@example.com"]);
  });

  test("makes no contact of somebody who only leaves it", async () => {
    const [fate] = await drive("list", { list: "Lapsing" }, "mirror").deliver([person(5, "remove")]);
    expect(fate?.status).toBe("delivered");
    expect((await state()).contacts).toEqual({});
  });

  test.each(["Lapsing", "2", 2])("is found by name or id: %s", async (list) => {
    await drive("list", { list }, "mirror").deliver([person(1)]);
    expect(await subscribed()).toEqual(["p1@example.com"]);
  });

  test.each(["Lap", "77"])("that is not there stops the sync: %s", async (list) => {
    const sent = drive("list", { list }, "mirror").deliver([person(1)]);
    await expect(sent).rejects.toMatchObject({ code: "DEST_TARGET_INVALID" });
  });
});

test("a tag is made once, and taken away from whom it is said of, alone", async () => {
  const vip = drive("tag", { tag: "VIP" }, "mirror");
  await vip.deliver([person(1), person(2)]);
  await drive("tag", { tag: "VIP 2" }, "mirror").deliver([person(1)]);
  await vip.deliver([person(1, "remove")]);
  const { contacts, tags } = await state();
  const worn = (n: number) => Object.values(contacts[`p${n}@example.com`]?.tags ?? {}).map((id) => tags[id]);
  expect([worn(1), worn(2)]).toEqual([["VIP 2"], ["VIP"]]);
  expect(Object.values(tags)).toEqual(["VIP", "VIP 2"]);
  const nowhere = drive("tag", { tag: "VI", create: false }, "mirror").deliver([person(1)]);
  await expect(nowhere).rejects.toMatchObject({ code: "DEST_TARGET_INVALID" });
});
