import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { sandboxAccount } from "../../src/sandbox/stand-ins.ts";
import { klaviyoCaller, salesforceCaller, start, tempDir, testClock } from "./support.ts";

const change = (key: string, op = "add") => ({ op, key, fields: { email: `${key}@example.com` } });
const body = (...keys: string[]) => ({ sync: "s", run: "r", changes: keys.map((key) => change(key)) });

describe("the request log", () => {
  it("has every request in the file, with row keys and a hash but no values", async () => {
    const logFile = join(tempDir(), "log", "requests.jsonl");
    const sandbox = await start({}, { logFile });
    await sandbox.call("POST", "/hook/events", { body: body("a", "b"), headers: { "idempotency-key": "k1" } });
    await sandbox.call("GET", "/klaviyo/api/lists");
    const lines = readFileSync(logFile, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      {
        seq: 1,
        platform: "hook",
        method: "POST",
        path: "/events",
        idempotency_key: "k1",
        rows: { add: ["a", "b"] },
        applied: true,
        status: 200,
      },
      { seq: 2, platform: "klaviyo", applied: false, status: 401 },
    ]);
    expect(lines[0].sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(lines[0].bytes).toBe(JSON.stringify(body("a", "b")).length);
    expect(JSON.stringify(lines)).not.toContain("example.com");
  });

  it("has a request whose caller was gone before the answer", async () => {
    const logFile = join(tempDir(), "requests.jsonl");
    const sandbox = await start({}, { logFile });
    await sandbox.misbehave({ kind: "timeout_after", platform: "hook" });
    await new Promise<void>((resolve) => {
      const request = httpRequest(`${sandbox.url}/hook`, {
        method: "POST",
        headers: { "content-type": "application/json" },
      });
      request.on("error", () => resolve());
      request.end(JSON.stringify(body("a")));
      const look = setInterval(() => {
        if (!existsSync(logFile) || !readFileSync(logFile, "utf8").includes("\n")) return;
        clearInterval(look);
        request.destroy(new Error("gone"));
      }, 5);
    });
    expect(JSON.parse(readFileSync(logFile, "utf8"))).toMatchObject({
      rows: { add: ["a"] },
      applied: true,
      status: null,
    });
    expect((await sandbox.state()).hook.present).toHaveProperty("a");
  });

  it("can be asked for one platform and for what is new", async () => {
    const sandbox = await start();
    for (const key of ["a", "b"]) await sandbox.call("POST", "/hook", { body: body(key) });
    await sandbox.call("GET", "/salesforce/services/data");
    const { body: entries } = await sandbox.call("GET", "/_sandbox/log?platform=hook&since=1");
    expect(entries.map((entry: { seq: number }) => entry.seq)).toEqual([2]);
    expect((await sandbox.call("GET", "/_sandbox/log?since=x")).status).toBe(400);
  });
});

describe("misbehaviour", () => {
  it("answers 429 with Retry-After in seconds, as a date, or without, and applies nothing", async () => {
    const sandbox = await start();
    await sandbox.misbehave(
      { kind: "rate_limit", retry_after: 7 },
      { kind: "rate_limit", retry_after: 60, form: "date" },
      { kind: "rate_limit", form: "none" },
    );
    const replies = [];
    for (const key of ["a", "b", "c", "d"]) replies.push(await sandbox.call("POST", "/hook", { body: body(key) }));
    expect(replies.map((reply) => reply.status)).toEqual([429, 429, 429, 200]);
    expect(replies.map((reply) => reply.headers.get("retry-after"))).toEqual([
      "7",
      "Sat, 01 Aug 2026 00:01:00 GMT",
      null,
      null,
    ]);
    expect(Object.keys((await sandbox.state()).hook.present)).toEqual(["d"]);
    expect((await sandbox.log()).map((entry) => entry.misbehaved)).toEqual([
      "rate_limit",
      "rate_limit",
      "rate_limit",
      undefined,
    ]);
  });

  it("fails before applying, or after", async () => {
    const sandbox = await start();
    await sandbox.misbehave({ kind: "error", status: 502 }, { kind: "error_after", status: 500 });
    expect((await sandbox.call("POST", "/hook", { body: body("before") })).status).toBe(502);
    expect((await sandbox.call("POST", "/hook", { body: body("after") })).status).toBe(500);
    expect(Object.keys((await sandbox.state()).hook.present)).toEqual(["after"]);
    expect((await sandbox.log()).map(({ applied, status }) => [applied, status])).toEqual([
      [false, 502],
      [true, 500],
    ]);
  });

  it("breaks the connection before or after applying", async () => {
    const sandbox = await start();
    await sandbox.misbehave({ kind: "timeout_before", how: "reset" }, { kind: "timeout_after", how: "reset" });
    await expect(sandbox.call("POST", "/hook", { body: body("before") })).rejects.toThrow();
    await expect(sandbox.call("POST", "/hook", { body: body("after") })).rejects.toThrow();
    expect(Object.keys((await sandbox.state()).hook.present)).toEqual(["after"]);
    expect((await sandbox.log()).map(({ applied, status }) => [applied, status])).toEqual([
      [false, null],
      [true, null],
    ]);
  });

  it("leaves a caller waiting until the sandbox closes", async () => {
    const sandbox = await start();
    await sandbox.misbehave({ kind: "timeout_before" });
    const waiting = sandbox.call("POST", "/hook", { body: body("a") }).then(
      () => "answered",
      () => "broken off",
    );
    while ((await sandbox.log()).length === 0) await new Promise((resolve) => setImmediate(resolve));
    await sandbox.close();
    expect(await waiting).toBe("broken off");
  });

  it("answers late, having applied at once", async () => {
    const sandbox = await start();
    await sandbox.misbehave({ kind: "slow", ms: 1234 });
    expect((await sandbox.call("POST", "/hook", { body: body("a") })).status).toBe(200);
    expect(sandbox.clock.slept).toEqual([1234]);
  });

  it("counts its times, skips, matches method and path, and can be called off", async () => {
    const sandbox = await start();
    await sandbox.misbehave({ kind: "error", times: 2, skip: 1, match: { method: "post", path: "^/orders" } });
    const status = async (path: string) => (await sandbox.call("POST", path, { body: body("a") })).status;
    expect([await status("/hook/people"), await status("/hook/orders"), await status("/hook/orders")]).toEqual([
      200, 200, 503,
    ]);
    expect((await sandbox.call("GET", "/_sandbox/misbehave")).body).toMatchObject([{ left: 1 }]);
    await sandbox.call("DELETE", "/_sandbox/misbehave");
    expect(await status("/hook/orders")).toBe(200);
  });

  it("lets sign-in pass unless its path is named", async () => {
    const sandbox = await start();
    await sandbox.misbehave({ kind: "error", platform: "salesforce" });
    const sf = await salesforceCaller(sandbox);
    expect((await sf("GET", "/limits")).body).toEqual([
      { message: "answered 503 as told", errorCode: "SERVER_UNAVAILABLE" },
    ]);
    expect((await sf("GET", "/limits")).status).toBe(200);
  });

  it("refuses a rule it does not understand", async () => {
    const sandbox = await start();
    const reply = await sandbox.call("POST", "/_sandbox/misbehave", { body: { kind: "rate_limit", after: 3 } });
    expect(reply.status).toBe(400);
    expect(reply.body.error).toContain("after");
    await expect(startSandbox({ port: 0, clock: testClock(), config: JSON.parse('{"hok": {}}') })).rejects.toThrow(
      "hok",
    );
  });
});

describe("the sandbox as a whole", () => {
  it("goes on after a restart with what it held and how far it had counted", async () => {
    const dataDir = tempDir();
    const first = await start({}, { dataDir });
    const sf = await salesforceCaller(first);
    const kl = klaviyoCaller(first);
    await sf("POST", "/sobjects/Contact", { LastName: "Ann", Customer_No__c: "C-1" });
    await kl("POST", "/api/lists", { data: { type: "list", attributes: { name: "Lapsing" } } });
    await kl("POST", "/api/profiles", { data: { type: "profile", attributes: { email: "ann@example.com" } } });
    await first.call("POST", "/hook", { body: body("a"), headers: { "idempotency-key": "k1" } });
    const before = await first.state();
    await first.close();

    const second = await start({}, { dataDir });
    expect(await second.state()).toEqual({ ...before, salesforce: { ...before.salesforce, api_usage: 0 } });
    expect(
      (await second.call("POST", "/hook", { body: body("a"), headers: { "idempotency-key": "k1" } })).body,
    ).toEqual({ received: true, rows: 1 });
    expect((await second.log()).map((entry) => entry.seq)).toEqual([6]);
    const again = await salesforceCaller(second);
    expect((await again("PATCH", "/sobjects/Contact/Customer_No__c/C-1", { FirstName: "A" })).status).toBe(200);
  });

  it("refuses a data folder that holds something else", async () => {
    const dataDir = tempDir();
    const sandbox = await start({}, { dataDir });
    await sandbox.close();
    writeFileSync(join(dataDir, "state.json"), "{");
    await expect(start({}, { dataDir })).rejects.toMatchObject({
      code: "CONFIG",
      hint: expect.stringContaining("Remove the file"),
    });
  });

  it("forgets everything when told", async () => {
    const sandbox = await start();
    await sandbox.call("POST", "/hook", { body: body("a") });
    expect((await sandbox.call("DELETE", "/_sandbox/state")).status).toBe(204);
    expect((await sandbox.state()).hook).toMatchObject({ requests: 0, present: {} });
    expect(await sandbox.log()).toEqual([]);
  });

  it("shows what it holds on a page, with every value escaped", async () => {
    const sandbox = await start();
    const sf = await salesforceCaller(sandbox);
    await sf("POST", "/sobjects/Contact", { LastName: "<script>alert('O')</script>" });
    const page = await sandbox.call("GET", "/");
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(page.text).toContain("1 Contact");
    expect(page.text).toContain("&lt;script&gt;alert(&#39;O&#39;)&lt;/script&gt;");
    expect(page.text).not.toContain("<script");
  });

  it("answers only to names of this machine", async () => {
    const sandbox = await start();
    const status = await new Promise((resolve) => {
      httpRequest(`${sandbox.url}/_sandbox/state`, { headers: { host: "evil.example" } }, (reply) => {
        reply.resume();
        resolve(reply.statusCode);
      }).end();
    });
    expect(status).toBe(403);
  });

  it("says what to do when its port is taken", async () => {
    const sandbox = await start();
    const port = Number(new URL(sandbox.url).port);
    await expect(startSandbox({ port, clock: testClock() })).rejects.toMatchObject({
      code: "SANDBOX_FAILED",
      hint: expect.stringContaining("--port"),
    });
  });

  it("gives accounts of the connectors it stands in for what it accepts", async () => {
    const sandbox = await start();
    expect(sandboxAccount("salesforce", `${sandbox.url}/`)).toEqual({
      base_url: `${sandbox.url}/salesforce`,
      client_id: "sandbox-id",
      client_secret: "sandbox-secret",
      refresh_token: "sandbox-refresh",
    });
    expect(sandboxAccount("klaviyo", sandbox.url)).toEqual({
      base_url: `${sandbox.url}/klaviyo`,
      api_key: "pk_sandbox",
    });
    expect(sandboxAccount("http", sandbox.url)).toEqual({ base_url: `${sandbox.url}/hook` });
    expect(sandboxAccount("postgres", sandbox.url)).toBeUndefined();
  });
});
