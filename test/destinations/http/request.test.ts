import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AuthFailed, TargetInvalid } from "../../../src/core/delivery-errors.ts";
import { ConfigError } from "../../../src/core/errors.ts";
import type { Row } from "../../../src/core/value.ts";
import { http } from "../../../src/destinations/http/index.ts";
import { createDriver, type Driver, testClock } from "../../contract/connector-driver.ts";
import { type Receiver, startReceiver } from "./receiver.ts";

const token = "bearer-token-of-the-test";
const secret = "signing-secret-of-the-test";
let receiver: Receiver;
const drivers: Driver[] = [];

beforeEach(async () => {
  receiver = await startReceiver({ token, secret, answers: "none", maxBodyBytes: 100_000 });
});
afterEach(async () => {
  for (const driver of drivers.splice(0)) await driver.close();
  await receiver.close();
});

function open(options: Row = {}, account: Row = {}): Driver {
  const driver = createDriver({
    connector: http,
    account: { base_url: receiver.url, auth: { bearer: token }, sign: { secret }, ...account },
    target: "request",
    options,
    mode: "mirror",
    clock: testClock(),
    secrets: [token, secret],
    timeoutMs: 5_000,
  });
  drivers.push(driver);
  return driver;
}

const ann = {
  op: "add" as const,
  key: "1",
  match: { email: "ann@example.com" },
  fields: { name: "Ann", n: 2, tags: ["a"] },
};
const bob = {
  op: "update" as const,
  key: "2/ü",
  match: { email: "bob@example.com" },
  fields: { name: "Bob", n: null, tags: [] },
};
const bodies = () => receiver.requests.map((request) => JSON.parse(request.body) as unknown);
const thrown = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

describe("the request", () => {
  test("holds sync, run and changes, identifiers among the fields", async () => {
    await open().deliver([ann, bob]);
    expect(receiver.requests[0]).toMatchObject({ method: "POST", url: "/hook" });
    expect(receiver.requests[0]?.headers["content-type"]).toBe("application/json");
    expect(bodies()).toEqual([
      {
        sync: "contract",
        run: "run-1",
        changes: [
          { op: "add", key: "1", fields: { email: "ann@example.com", name: "Ann", n: 2, tags: ["a"] } },
          { op: "update", key: "2/ü", fields: { email: "bob@example.com", name: "Bob", n: null, tags: [] } },
        ],
      },
    ]);
  });

  test("sends removals before anything else, in requests of their own", async () => {
    await open().deliver([ann, { op: "remove", key: "3", match: { email: "cy@example.com" }, fields: {} }]);
    expect(bodies()).toMatchObject([
      { changes: [{ op: "remove", key: "3", fields: { email: "cy@example.com" } }] },
      { changes: [{ op: "add", key: "1" }] },
    ]);
  });

  test("is signed over time and exact bytes", async () => {
    await open().deliver([ann]);
    const { headers, body } = receiver.requests[0] ?? { headers: { "x-millrace-signature": "" }, body: "" };
    const t = Date.parse("2026-03-02T09:00:00Z") / 1_000;
    const v1 = createHmac("sha256", secret).update(`${t}.${body}`).digest("hex");
    expect(headers["x-millrace-signature"]).toBe(`t=${t},v1=${v1}`);
  });

  test("always carries an idempotency key, under the name that the receiver wants", async () => {
    const driver = open({ idempotency_header: "X-Request-Id", headers: { "X-Source": "millrace" } });
    const run = driver.plan([ann]);
    await driver.send(run);
    expect(receiver.requests[0]?.headers).toMatchObject({
      "x-request-id": run.sends[0]?.idempotencyKey,
      "x-source": "millrace",
    });
    expect(receiver.requests[0]?.headers["idempotency-key"]).toBeUndefined();
  });

  test.each([
    [{ basic: { user: "ü", password: "p:w" } }, "authorization", `Basic ${Buffer.from("ü:p:w").toString("base64")}`],
    [{ header: { name: "X-Api-Key", value: "key-12345" } }, "x-api-key", "key-12345"],
  ])("authenticates as %j", async (auth, header, value) => {
    receiver.answerNext(200, "");
    await open({}, { auth, headers: { "X-Team": "data" } }).deliver([ann]);
    expect(receiver.requests[0]?.headers).toMatchObject({ [header]: value, "x-team": "data" });
  });

  test("fills a body template: whole placeholders keep their type, unknown fields leave no property", async () => {
    receiver.answerNext(200, "");
    const body = {
      id: "{{ key }}",
      hello: "Dear {{ name }} ({{ n }})",
      n: "{{n}}",
      all: "{{ fields }}",
      x: "{{ external_id }}",
      list: ["{{ fields.tags }}", 1],
    };
    await open({ body, path: "/people/{{ key }}", method: "PUT" }).deliver([{ ...bob, op: "add" }]);
    expect(receiver.requests[0]).toMatchObject({ method: "PUT", url: "/hook/people/2%2F%C3%BC" });
    expect(bodies()).toEqual([
      {
        id: "2/ü",
        hello: "Dear Bob ()",
        n: null,
        all: { email: "bob@example.com", name: "Bob", n: null, tags: [] },
        list: [[], 1],
      },
    ]);
  });

  test("fills a template per row inside a body of many", async () => {
    receiver.answerNext(200, "");
    const options = {
      body: { records: "{{ changes }}", source: "{{ sync }}/{{ run }}" },
      row: { e: "{{ email }}", what: "{{ op }}" },
    };
    await open(options).deliver([ann, bob]);
    const records = [
      { e: "ann@example.com", what: "add" },
      { e: "bob@example.com", what: "update" },
    ];
    expect(bodies()).toEqual([{ records, source: "contract/run-1" }]);
  });

  test("holds one row where a template names one row's values, and as many as asked otherwise", async () => {
    await open({ rows: 1 }).deliver([ann, bob]);
    expect(receiver.requests).toHaveLength(2);
    for (const body of bodies()) expect((body as { changes: unknown[] }).changes).toHaveLength(1);
  });

  test("as GET has no body and puts one row into the path", async () => {
    await open({ method: "GET", path: "/add/{{ email }}" }).deliver([ann]);
    expect(receiver.requests[0]).toMatchObject({ method: "GET", url: "/hook/add/ann%40example.com", body: "" });
  });
});

describe("answers", () => {
  test("413 and 422 are found row by row, without the receiver's words about a person", async () => {
    const huge = { ...ann, key: "9", fields: { ...ann.fields, name: "x".repeat(150_000) } };
    const nameless = { ...ann, key: "8", fields: { ...ann.fields, name: null } };
    const fates = await open().deliver([ann, huge, bob, nameless]);
    expect(fates.map((fate) => fate.status)).toEqual(["delivered", "rejected", "delivered", "rejected"]);
    expect(fates[1]).toMatchObject({ code: "HTTP_413" });
    expect(fates[3]).toMatchObject({ code: "HTTP_422" });
    expect(JSON.stringify(fates)).not.toContain("ann@example.com");
  });

  test.each([404, 405, 410])("%i for a fixed path is the target's fault, not every row's", async (status) => {
    receiver.answerNext(status, "");
    expect(await thrown(open({ path: "/nowhere" }).deliver([ann, bob]))).toBeInstanceOf(TargetInvalid);
    expect(receiver.requests).toHaveLength(1);
  });

  test("404 for a path that names the row is that row's", async () => {
    receiver.answerNext(404, "");
    const [fate] = await open({ path: "/people/{{ key }}" }).deliver([ann]);
    expect(fate).toMatchObject({ status: "rejected", code: "HTTP_404" });
  });

  test("403 stops the run", async () => {
    receiver.answerNext(403, "");
    expect(await thrown(open().deliver([ann]))).toBeInstanceOf(AuthFailed);
  });

  const perRow = async (answer: unknown, options: Row = {}) => {
    receiver.answerNext(200, typeof answer === "string" ? answer : JSON.stringify(answer));
    return open({ response: "per_row", ...options }).deliver([ann, bob]);
  };

  test("per row: by key or index, the worse of two, scrubbed", async () => {
    const message = "no such person: BOB@example.com (Bob)";
    const fates = await perRow({
      results: [
        { key: "1", status: "delivered" },
        { key: 1, status: "retry", code: "BUSY" },
        { index: 1, status: "rejected", code: "GONE", message },
        { key: "2/ü", status: "delivered" },
        { key: "stranger", status: "delivered" },
      ],
    });
    expect(fates).toEqual([
      { status: "retry", code: "BUSY", message: "the receiver gives no reason" },
      { status: "rejected", code: "GONE", message: "no such person: … (…)" },
    ]);
  });

  test("per row: a row that is not named was not confirmed", async () => {
    const answer = { results: [{ key: "1", status: "delivered" }] };
    expect((await perRow(answer))[1]).toMatchObject({ status: "retry", code: "NOT_IN_ANSWER" });
    expect((await perRow(answer, { resend: "once" }))[1]).toMatchObject({ status: "unknown", code: "NOT_IN_ANSWER" });
  });

  test.each(["thanks", "", "[]", `{"results": [{"status": "fine"}]}`])(
    "per row: %j confirms nothing",
    async (answer) => {
      const fates = await perRow(answer);
      expect(fates.map((fate) => fate.status)).toEqual(["retry", "retry"]);
      expect(fates[0]).toMatchObject({ code: "ANSWER_UNREADABLE" });
    },
  );
});

describe("the target", () => {
  const { request } = http.targets;
  const sync = {
    name: "s",
    runId: "r",
    match: ["email"],
    fields: ["name"],
    onlyIfEmpty: [],
    plannedRows: 1,
    removes: 0,
    createdAt: new Date(0),
  };
  const shape = (options: Row, mode: "append" | "upsert" = "upsert") =>
    request?.shape(request.options.parse(options), { ...sync, mode });

  test("may be sent twice, except appended rows, unless the sync says otherwise", () => {
    expect(shape({})?.resend).toBe("idempotent");
    expect(shape({}, "append")?.resend).toBe("once");
    expect(shape({ resend: "idempotent" }, "append")?.resend).toBe("idempotent");
    expect(shape({ resend: "once" })?.resend).toBe("once");
  });

  test("names a placeholder that nothing fills", () => {
    expect(() => shape({ body: { a: "{{ nmae }}" } })).toThrow(ConfigError);
    expect(() => shape({ path: "/{{ fields.nmae }}" })).toThrow(/fields\.nmae/);
    expect(shape({ path: "/{{ fields.name }}" })?.batch.maxRows).toBe(1);
  });

  test.each([
    [{ body: { a: "{{ key }}" }, rows: 10 }, "rows"],
    [{ body: { a: "{{ key }}", b: "{{ changes }}" } }, "body"],
    [{ body: { ping: true } }, "body"],
    [{ body: { a: "{{ key }}" }, row: { b: 1 } }, "row"],
    [{ path: "/{{ fields }}" }, "path"],
    [{ method: "GET", body: { a: "{{ key }}" } }, "method"],
    [{ method: "BREW" }, "method"],
    [{ path: "no-slash" }, "path"],
    [{ headers: { "bad name": "x" } }, "headers"],
  ])("refuses the options %j at %s", (options, at) => {
    const read = request?.options.safeParse(options);
    expect(read?.error?.issues.map((issue) => issue.path[0])).toContain(at);
  });
});

describe("the account", () => {
  const read = (account: Row) => http.account.safeParse(account);

  test("keeps a webhook's secret path out of its key", () => {
    const key = (url: string) => http.accountKey(http.account.parse({ base_url: url }));
    expect(key("https://hooks.example.com/T000/B000/secret")).toMatch(/^http:hooks\.example\.com#[0-9a-f]{12}$/);
    expect(key("https://a.example.com:8443/")).toBe("http:a.example.com:8443");
    expect(key("https://a.example.com/x")).not.toBe(key("https://a.example.com/y"));
  });

  test("refuses credentials and queries in base_url, and two kinds of auth", () => {
    expect(read({ base_url: "https://u:p@example.com" }).success).toBe(false);
    expect(read({ base_url: "https://example.com/?token=1" }).success).toBe(false);
    expect(read({ base_url: "ftp://example.com" }).success).toBe(false);
    expect(read({ base_url: "https://e.com", auth: { bearer: "x", header: { name: "a", value: "b" } } }).success).toBe(
      false,
    );
  });

  test("is checked without a request, unless it names a path for that", async () => {
    const check = async (more: Row) => {
      const { ctx } = open({}, more);
      await http.check({ ...ctx, account: http.account.parse(ctx.account) });
    };
    await check({});
    expect(receiver.requests).toHaveLength(0);
    await check({ check_path: "/health" });
    expect(receiver.requests).toMatchObject([{ method: "GET", url: "/hook/health" }]);
  });
});
