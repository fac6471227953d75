import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  AuthFailed,
  BatchRefused,
  QuotaExhausted,
  RateLimited,
  TargetInvalid,
  Unavailable,
} from "../../../src/core/delivery-errors.ts";
import { ConfigError } from "../../../src/core/errors.ts";
import type { Mode } from "../../../src/core/sync.ts";
import type { Row } from "../../../src/core/value.ts";
import { accountKey, accountSchema, baseUrl } from "../../../src/destinations/marketo/account.ts";
import { bodyStatus, requestError } from "../../../src/destinations/marketo/errors.ts";
import { fitsCell } from "../../../src/destinations/marketo/import.ts";
import { marketo } from "../../../src/destinations/marketo/index.ts";
import { readAdded, readById, readWritten } from "../../../src/destinations/marketo/results.ts";
import type { Seen } from "../../../src/sandbox/core/exchange.ts";
import type { MisbehaviourInput } from "../../../src/sandbox/core/misbehaviour.ts";
import { type Sandbox, startSandbox } from "../../../src/sandbox/sandbox.ts";
import { testClock } from "../../contract/connector.ts";
import { createDriver, type Driver } from "../../contract/connector-driver.ts";
import { tellSandbox } from "../../contract/sandbox-faults.ts";
import { leadsOf, type MarketoState, membersOf, seedLeads } from "./instance.ts";

const row = (seq: number) => ({
  change: { seq, op: "add" as const, key: `k${seq}`, match: {}, fields: {} },
  value: `p${seq}@example.com`,
});
const skip = (code: string) => ({ status: "skipped", reasons: [{ code, message: "ann@example.com" }] });

describe("a result of written leads", () => {
  test.each<[string, unknown, "upsert" | "update" | "insert", string, string | undefined]>([
    ["created", { id: 50, status: "created" }, "upsert", "delivered", undefined],
    ["updated", { id: 50, status: "updated" }, "update", "delivered", undefined],
    ["nobody there in mode update", skip("1004"), "update", "rejected", "NOT_FOUND"],
    ["somebody there in mode insert", skip("1005"), "insert", "delivered", undefined],
    ["somebody there otherwise", skip("1005"), "upsert", "rejected", "MARKETO_1005"],
    ["a wrong value", skip("1003"), "upsert", "rejected", "MARKETO_1003"],
    ["several leads", skip("1007"), "upsert", "rejected", "MARKETO_1007"],
    ["a code of tomorrow", skip("1999"), "upsert", "rejected", "MARKETO_1999"],
    ["a passing fault", skip("1019"), "upsert", "retry", "MARKETO_1019"],
    ["the description's spelling", { status: "skipped", reason: { code: 1003 } }, "upsert", "rejected", "MARKETO_1003"],
    ["skipped without a reason", { status: "skipped" }, "upsert", "retry", "RESULT_MISSING"],
    ["created without an id", { status: "created" }, "upsert", "retry", "RESULT_MISSING"],
    ["a status that is not documented", { id: 50, status: "queued" }, "upsert", "retry", "RESULT_MISSING"],
    ["something else", "ok", "upsert", "retry", "RESULT_MISSING"],
  ])("tells %s", (_what, result, writes, status, code) => {
    const fate = readWritten([row(7)], [result], writes).get(7);
    expect(fate).toMatchObject({ status, ...(code === undefined ? {} : { code }) });
    expect(JSON.stringify(fate)).not.toContain("@");
  });

  test("goes by its place, and only if there are as many as rows", () => {
    const results = [{ id: 1, status: "created" }, skip("1003")];
    expect(readWritten([row(1), row(2)], results, "upsert").get(2)).toMatchObject({ code: "MARKETO_1003" });
    expect(readWritten([row(1), row(2), row(3)], results, "upsert").size).toBe(0);
  });
});

test.each<[unknown, unknown]>([
  [
    { id: 5, status: "removed" },
    { status: "delivered", externalId: "5" },
  ],
  [
    { id: 5, ...skip("1015") },
    { status: "delivered", externalId: "5" },
  ],
  [{ id: 5, ...skip("1004") }, "gone"],
  [{ id: 5, ...skip("1008") }, expect.objectContaining({ status: "rejected", code: "MARKETO_1008" })],
  [{ id: 5, status: "pondered" }, expect.objectContaining({ status: "retry", code: "RESULT_MISSING" })],
  [{ status: "removed" }, undefined],
])("a result by id %j means %j", (result, fate) => {
  expect(readById([result], new Set(["removed"])).get("5")).toEqual(fate);
});

describe("a refusal with status 200", () => {
  const body = (code: unknown) => ({ requestId: "x", success: false, errors: [{ code, message: "ann@example.com" }] });
  test.each<[unknown, number, (new (...args: never[]) => Error) | null]>([
    ["601", 401, null],
    ["602", 401, null],
    ["603", 403, AuthFailed],
    ["604", 504, null],
    ["606", 429, RateLimited],
    ["607", 429, QuotaExhausted],
    ["608", 503, Unavailable],
    ["610", 404, TargetInvalid],
    ["611", 500, null],
    ["615", 429, RateLimited],
    ["713", 503, Unavailable],
    ["1006", 400, TargetInvalid],
    ["1013", 404, TargetInvalid],
    ["1016", 429, RateLimited],
    [1003, 400, BatchRefused],
    ["799", 400, BatchRefused],
  ])("%s counts as %i", (code, status, kind) => {
    expect(bodyStatus(body(code))).toBe(status);
    const error = requestError(status, body(code), {});
    if (kind === null) expect(error).toBeUndefined();
    else expect(error).toBeInstanceOf(kind);
    expect(error?.message ?? "").not.toContain("@");
  });

  test("without a code it can read may have been applied, and a success is none", () => {
    expect(bodyStatus({ success: false })).toBe(500);
    expect(bodyStatus({ success: false, errors: [{ code: "oops" }] })).toBe(500);
    expect(bodyStatus({ success: true, result: [] })).toBeUndefined();
    expect(bodyStatus("email,firstName")).toBeUndefined();
  });

  test("waits as long as the rate's window lasts, unless a header says how long", () => {
    expect(requestError(429, body("606"), {})).toMatchObject({ retryAfterMs: 20_000 });
    expect(requestError(429, body("606"), { "retry-after": "3" })).toBeUndefined();
  });
});

test.each<[unknown, boolean]>([
  ["Ann", true],
  ['say "hi", you', true],
  [7, true],
  [false, true],
  [{ a: 1 }, true],
  ["", false],
  [null, false],
  [undefined, false],
  [" padded", false],
  ["two\nlines", false],
])("a value %j fits a cell: %s", (value, fits) => {
  expect(fitsCell(value as never)).toBe(fits);
});

test("an instance is named by its Munchkin id, whatever the credentials", () => {
  const account = accountSchema.parse({ munchkin_id: "123-ABC-456", client_id: "a", client_secret: "b" });
  expect(baseUrl(account)).toBe("https://123-abc-456.mktorest.com");
  expect(accountKey({ ...account, client_id: "c", client_secret: "d" })).toBe(accountKey(account));
  expect(accountSchema.safeParse({ client_id: "a", client_secret: "b" }).success).toBe(false);
});

describe("against the stand-in", () => {
  const clock = testClock();
  let sandbox: Sandbox;
  let seen: Seen[] = [];
  const drivers: Driver[] = [];
  const started = async (marketoSettings: Row = {}) => {
    seen = [];
    sandbox = await startSandbox({
      port: 0,
      clock,
      observe: (one) => seen.push(one),
      config: { marketo: marketoSettings },
    });
  };
  beforeEach(() => started());
  afterEach(async () => {
    for (const driver of drivers.splice(0)) await driver.close();
    await sandbox.close();
  });
  const drive = (target: string, mode: Mode, options: Row = {}): Driver => {
    const account = {
      base_url: `${sandbox.url}/marketo`,
      client_id: "sandbox-client",
      client_secret: "sandbox-secret",
    };
    const common = { connector: marketo, account, target, options, mode, clock, secrets: [], timeoutMs: 5_000 };
    const driver = createDriver(common);
    drivers.push(driver);
    return driver;
  };
  const misbehave = (rule: MisbehaviourInput) => tellSandbox(sandbox.url, rule);
  const state = async () =>
    ((await (await fetch(`${sandbox.url}/_sandbox/state`)).json()) as { marketo: MarketoState }).marketo;
  const person = (n: number, fields: Row = { firstName: `N${n}`, notes: "x" }) => ({
    key: `p${n}`,
    op: "add" as const,
    match: { email: `p${n}@example.com` },
    fields,
  });
  const gone = (n: number) => ({ ...person(n, {}), op: "remove" as const });
  const paths = () => seen.map((one) => `${one.method} ${one.path.replace(/^\/marketo/, "")}`);

  test("an import that is lost or failed is never called delivered", async () => {
    await misbehave({ kind: "lost_job" });
    const [lost] = await drive("lead", "upsert", { bulk_from: 1 }).deliver([person(1)]);
    expect(lost).toMatchObject({ status: "retry", code: "RESULT_MISSING" });
    await misbehave({ kind: "fail_job" });
    const [failed] = await drive("lead", "upsert", { bulk_from: 1 }).deliver([person(1)]);
    expect(failed).toMatchObject({ status: "retry", code: "IMPORT_FAILED" });
  });

  test("an import's failures are told by their file, and rows that fit no cell go by a request of their own", async () => {
    const rows = [
      person(1, { notes: "a", daysSilent: 1 }),
      person(2, { notes: "b", daysSilent: "a while" }),
      person(3, { notes: null, daysSilent: 3 }),
      person(4, { notes: " padded\nlines ", daysSilent: 4 }),
    ];
    const fates = await drive("list", "upsert", { list: "Lapsing", bulk_from: 1 }).deliver(rows);
    expect(fates.map((fate) => fate.status)).toEqual(["delivered", "rejected", "delivered", "delivered"]);
    expect(fates[1]).toMatchObject({ code: "IMPORT_ROW_FAILED" });
    expect(JSON.stringify(fates)).not.toContain("a while");
    const held = await state();
    expect(membersOf(held).map((lead) => lead.notes)).toEqual(expect.arrayContaining(["a", null, " padded\nlines "]));
    expect(leadsOf(held)).toHaveLength(3);
  });

  test("a plan below bulk_from is not imported", async () => {
    await drive("lead", "upsert", { bulk_from: 3 }).deliver([person(1), person(2)]);
    expect(paths()).not.toContain("POST /bulk/v1/leads.json");
    await drive("lead", "upsert", { bulk_from: 2 }).deliver([person(1), person(2)]);
    expect(paths()).toContain("POST /bulk/v1/leads.json");
  });

  test("a member whose remembered lead was merged away is looked for, and leaves by its new id", async () => {
    const driver = drive("list", "mirror", { list: "Lapsing" });
    await driver.deliver([person(1)]);
    await drive("erasure", "remove").deliver([gone(1)]);
    await drive("list", "mirror", { list: "Lapsing" }).deliver([person(1)]);
    expect(membersOf(await state())).toHaveLength(1);
    const [fate] = await driver.deliver([gone(1)]);
    expect([fate?.status, membersOf(await state()).length, leadsOf(await state()).length]).toEqual(["delivered", 0, 1]);
  });

  test("an erasure deletes every lead of the address, and nobody else's", async () => {
    const email = "p1@example.com";
    await seedLeads(`${sandbox.url}/marketo`, [{ email }, { email }, { email: "xp1@example.com" }], "createDuplicate");
    const [fate] = await drive("erasure", "remove").deliver([gone(1)]);
    expect(fate?.status).toBe("delivered");
    expect(leadsOf(await state())).toEqual([{ email: "xp1@example.com" }]);
  });

  test("identifiers too long for a URI are asked for by a form, which says it is a GET", async () => {
    const long = (n: number) => ({ ...gone(n), match: { email: `${"x".repeat(60)}${n}@example.com` } });
    const rows = Array.from({ length: 200 }, (_, n) => long(n));
    await seedLeads(
      `${sandbox.url}/marketo`,
      rows.map((one) => one.match),
    );
    const fates = await drive("erasure", "remove").deliver(rows);
    expect(new Set(fates.map((fate) => fate.status))).toEqual(new Set(["delivered"]));
    expect(leadsOf(await state())).toEqual([]);
    expect(seen.some((one) => one.method === "POST" && one.query === "_method=GET")).toBe(true);
    expect(await (await fetch(`${sandbox.url}/_sandbox/violations`)).json()).toEqual([]);
  });

  test("a list that is not there is the target's fault", async () => {
    const driver = drive("list", "upsert", { list: "Nobody" });
    await expect(driver.deliver([person(1)])).rejects.toBeInstanceOf(TargetInvalid);
  });

  test("the check names the missing permission, and writes nothing", async () => {
    await expect(marketo.check(drive("lead", "upsert").ctx as never)).resolves.toBeUndefined();
    await sandbox.close();
    await started({ permissions: [] });
    const error = await marketo.check(drive("lead", "upsert").ctx as never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AuthFailed);
    expect((error as AuthFailed).hint).toContain("Read-Write Lead");
  });

  test("the daily quota ends the run, the rate does not", async () => {
    await sandbox.close();
    await started({ calls_per_day: 1 });
    const driver = drive("lead", "upsert", { bulk_from: "never" });
    await driver.deliver([person(1)]);
    await expect(driver.deliver([person(2)])).rejects.toBeInstanceOf(QuotaExhausted);
  });

  test("what no request could say is refused by the check of the file", () => {
    const { sync } = drive("lead", "upsert").plan([person(1)]);
    const shape = (more: object) => marketo.targets.lead?.shape({ bulk_from: "never" }, { ...sync, ...more });
    expect(() => shape({ match: ["email", "customerKey"] })).toThrow(ConfigError);
    expect(() => shape({ match: ["id"] })).toThrow(ConfigError);
    expect(() => shape({ match: ["id"], mode: "update" })).not.toThrow();
    expect(() => shape({ fields: ["First Name"] })).toThrow(ConfigError);
  });

  test("leads are updated by Marketo's own id", async () => {
    await seedLeads(`${sandbox.url}/marketo`, [{ email: "p1@example.com" }]);
    const [id] = Object.keys((await state()).leads);
    const update = { ...person(1), match: { id: Number(id) }, fields: { notes: "new" } };
    const [fate] = await drive("lead", "update").deliver([update]);
    expect([fate?.status, leadsOf(await state())[0]?.notes]).toEqual(["delivered", "new"]);
  });
});

describe("a result of added activities", () => {
  test.each<[string, unknown, unknown]>([
    ["added", { id: 7, status: "added" }, { status: "delivered" }],
    ["skipped", { status: "skipped", errors: [{ code: "1004", message: "x@y" }] }, { code: "MARKETO_1004" }],
    ["a passing fault", { status: "skipped", errors: [{ code: "611" }] }, { status: "retry" }],
    ["skipped without a reason", { status: "skipped" }, undefined],
    ["a status that is not documented", { status: "queued" }, undefined],
    ["something else", "ok", undefined],
  ])("tells %s", (_what, result, fate) => {
    const read = readAdded([row(7)], [result]).get(7);
    if (fate === undefined) expect(read).toBeUndefined();
    else expect(read).toMatchObject(Object(fate));
    expect(JSON.stringify(read ?? null)).not.toContain("@");
  });

  test("is nobody's when there are fewer than activities", () => {
    expect(readAdded([row(1), row(2)], [{ status: "added" }]).size).toBe(0);
  });
});
