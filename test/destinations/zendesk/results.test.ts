import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AuthFailed, BatchRefused, OutcomeUnknown, TargetInvalid } from "../../../src/core/delivery-errors.ts";
import { ConfigError } from "../../../src/core/errors.ts";
import type { Mode } from "../../../src/core/sync.ts";
import type { Row } from "../../../src/core/value.ts";
import { accountSchema, baseUrl } from "../../../src/destinations/zendesk/account.ts";
import { requestError } from "../../../src/destinations/zendesk/api.ts";
import { zendesk } from "../../../src/destinations/zendesk/index.ts";
import { type JobPart, type JobResult, readResults } from "../../../src/destinations/zendesk/job.ts";
import { toRecord, users } from "../../../src/destinations/zendesk/things.ts";
import type { Seen } from "../../../src/sandbox/core/exchange.ts";
import type { MisbehaviourInput } from "../../../src/sandbox/core/misbehaviour.ts";
import { type Sandbox, startSandbox } from "../../../src/sandbox/sandbox.ts";
import { testClock } from "../../contract/connector.ts";
import { createDriver, type Driver } from "../../contract/connector-driver.ts";
import { tellSandbox } from "../../contract/sandbox-faults.ts";
import { recordsOf, seedUsers, type ZendeskState } from "./account.ts";

const job: JobPart = {
  id: "j",
  by: "name",
  rows: [
    [11, "X-1"],
    [12, "bob@example.com"],
  ],
};
const records = new Map([["501", { id: "501", external_id: "x-1", email: null, active: true }]]);

describe("a job's results", () => {
  test.each<[string, JobResult, number, string, string | undefined]>([
    ["by index", { index: 1, id: "7", status: "Created" }, 12, "delivered", undefined],
    ["by external id, whatever its case", { external_id: "x-1", id: "7", success: true }, 11, "delivered", undefined],
    ["by email", { email: "BOB@example.com", id: "7", status: "Updated" }, 12, "delivered", undefined],
    ["by the record of an id", { id: "501", status: "Created" }, 11, "delivered", undefined],
    ["as refused", { index: 0, error: "UserUpdateError" }, 11, "rejected", "USER_UPDATE_ERROR"],
    ["as refused without a reason", { index: 0, success: false }, 11, "rejected", "RECORD_REFUSED"],
    ["as a passing fault", { index: 0, error: "DatabaseConflict" }, 11, "retry", "DATABASE_CONFLICT"],
    ["without an id", { index: 0, status: "Created" }, 11, "retry", "RESULT_MISSING"],
    ["with a status that is not documented", { index: 0, id: "7", status: "Pondered" }, 11, "retry", "RESULT_MISSING"],
  ])("tell a row %s", (_what, result, seq, status, code) => {
    const fate = readResults(job, [result], records).get(seq);
    expect(fate).toMatchObject({ status, ...(code === undefined ? {} : { code }) });
  });

  test.each<[string, readonly JobResult[]]>([
    ["name nobody", [{ id: "999", status: "Created" }]],
    ["point beyond the rows", [{ index: 9, id: "7", status: "Created" }]],
    ["are in order only", [{ status: "Created" }, { status: "Created" }]],
  ])("that %s say nothing of any row", (_what, results) => {
    expect(readResults(job, results, records).size).toBe(0);
  });

  test("that say both of a row leave it open", () => {
    const both = [
      { index: 0, id: "7", status: "Created" },
      { index: 0, error: "UserUpdateError" },
    ];
    expect(readResults(job, both, records).get(11)).toMatchObject({ status: "retry", code: "RESULT_MISSING" });
  });

  test("are read by ids alone only where the job was sent with ids", () => {
    const numbered: JobPart = { id: "j", by: "name", rows: [[1, "7"]] };
    const result = [{ id: "7", status: "Created" }];
    expect(readResults(numbered, result, new Map()).size).toBe(0);
    expect(readResults({ ...numbered, by: "id" }, result, new Map()).get(1)?.status).toBe("delivered");
  });
});

test.each<[number, unknown, new (...args: never[]) => Error]>([
  [403, { error: "Forbidden" }, AuthFailed],
  [404, { error: "RecordNotFound" }, TargetInvalid],
  [422, { error: "RecordInvalid", description: "ann@example.com is taken" }, BatchRefused],
  [400, { error: { title: "Invalid attribute", message: "ann@example.com" } }, BatchRefused],
])("status %i means what its body says, and quotes none of it", (status, body, kind) => {
  const error = requestError(status, body);
  expect(error).toBeInstanceOf(kind);
  expect(error?.message).not.toContain("@");
});

test("a record has its custom fields apart, and NULL clears", () => {
  expect(
    toRecord(users, { name: "A", phone: null, tags: "vip", "user_fields.plan": { a: 1 }, "user_fields.n": null }),
  ).toEqual({
    name: "A",
    phone: null,
    tags: ["vip"],
    user_fields: { plan: '{"a":1}', n: null },
  });
});

test.each<[Row, boolean]>([
  [{ subdomain: "acme", email: "a@b.co", api_token: "t" }, true],
  [{ subdomain: "acme", access_token: "t" }, true],
  [{ subdomain: "acme", api_token: "t" }, false],
  [{ access_token: "t" }, false],
  [{ subdomain: "acme", email: "a@b.co", api_token: "t", access_token: "t" }, false],
])("an account %j fits: %s", (account, fits) => {
  const read = accountSchema.safeParse(account);
  expect(read.success).toBe(fits);
  if (read.success) expect(baseUrl(read.data)).toBe("https://acme.zendesk.com");
});

describe("against the stand-in", () => {
  const clock = testClock();
  let sandbox: Sandbox;
  let seen: Seen[] = [];
  const drivers: Driver[] = [];
  beforeEach(async () => {
    seen = [];
    sandbox = await startSandbox({ port: 0, clock, observe: (one) => seen.push(one) });
  });
  afterEach(async () => {
    for (const driver of drivers.splice(0)) await driver.close();
    await sandbox.close();
  });
  const drive = (target: string, mode: Mode, more: Row = {}): Driver => {
    const account = {
      base_url: `${sandbox.url}/zendesk`,
      email: "admin@example.com",
      api_token: "sandbox-token",
      ...more,
    };
    const driver = createDriver({
      connector: zendesk,
      account,
      target,
      options: {},
      mode,
      clock,
      secrets: [],
      timeoutMs: 5_000,
    });
    drivers.push(driver);
    return driver;
  };
  const misbehave = (rule: MisbehaviourInput) => tellSandbox(sandbox.url, rule);
  const state = async () =>
    ((await (await fetch(`${sandbox.url}/_sandbox/state`)).json()) as { zendesk: ZendeskState }).zendesk;
  const person = (n: number) => ({
    key: `p${n}`,
    op: "add" as const,
    match: { external_id: `X-${n}` },
    fields: { name: `N${n}` },
  });

  test("a job that is lost or failed is never called delivered", async () => {
    await misbehave({ kind: "lost_job" });
    const [lost] = await drive("user", "upsert").deliver([person(1)]);
    expect(lost).toMatchObject({ status: "retry", code: "RESULT_MISSING" });
    await misbehave({ kind: "fail_job" });
    const [failed] = await drive("user", "upsert").deliver([person(1)]);
    expect(failed).toMatchObject({ status: "retry", code: "RESULT_MISSING" });
  });

  test("who is gone already is removed, without a job", async () => {
    const driver = drive("user", "mirror");
    await driver.deliver([person(1)]);
    await drive("erasure", "remove").deliver([{ ...person(1), op: "remove", fields: {} }]);
    const jobs = () => seen.filter((one) => one.path.endsWith("destroy_many")).length;
    const [fate] = await driver.deliver([{ ...person(1), op: "remove", fields: {} }]);
    expect([fate?.status, jobs()]).toEqual(["delivered", 0]);
  });

  test("an erasure goes on by the id that was recorded, though its user is not found any more", async () => {
    await seedUsers(`${sandbox.url}/zendesk`, [{ external_id: "X-1", name: "Ann" }]);
    const driver = drive("erasure", "remove");
    const run = driver.plan([{ ...person(1), op: "remove", fields: {} }]);
    await misbehave({ kind: "timeout_before", how: "reset", match: { path: "/deleted_users/" } });
    await expect(driver.send(run)).rejects.toBeInstanceOf(OutcomeUnknown);
    expect(recordsOf(await state(), "users")).toEqual([]);
    expect((await state()).erased).toEqual([]);
    expect((await driver.send(run))[0]?.status).toBe("delivered");
    expect((await state()).erased).toHaveLength(1);
  });

  test("an address that only holds the wanted one is somebody else's", async () => {
    await seedUsers(`${sandbox.url}/zendesk`, [{ email: "joann@example.com", name: "Joann" }]);
    const ann = { key: "ann", op: "remove" as const, match: { email: "ann@example.com" }, fields: {} };
    const [fate] = await drive("erasure", "remove").deliver([ann]);
    expect(fate?.status).toBe("delivered");
    expect(recordsOf(await state(), "users")).toHaveLength(1);
  });

  test("a field that no sync may write, and a look-up by email, are refused by the check of the file", () => {
    const driver = drive("user", "upsert");
    const { sync } = driver.plan([person(1)]);
    const shape = (more: object) => zendesk.targets.user?.shape({ skip_verify_email: true }, { ...sync, ...more });
    expect(() => shape({ fields: ["role"] })).toThrow(ConfigError);
    expect(() => shape({ match: ["email"], mode: "update" })).toThrow(ConfigError);
    expect(() => shape({ match: ["email"], mode: "upsert" })).not.toThrow();
  });

  test("the check names credentials that are nobody's, though Zendesk answers 200", async () => {
    await expect(zendesk.check(drive("user", "upsert", { api_token: "x" }).ctx as never)).rejects.toBeInstanceOf(
      AuthFailed,
    );
    await expect(zendesk.check(drive("user", "upsert").ctx as never)).resolves.toBeUndefined();
  });

  test("fields are told with the types and choices of the account", async () => {
    const ctx = { ...drive("user", "upsert").ctx, options: {}, state: null };
    const fields = (await zendesk.targets.user?.discover?.(ctx as never)) ?? [];
    expect(fields.find((one) => one.name === "user_fields.days_silent")?.type).toBe("integer");
    expect(fields.find((one) => one.name === "user_fields.plan")?.values).toEqual(["free", "paid"]);
    expect(fields.find((one) => one.name === "name")?.required).toBe(true);
  });
});
