import { describe, expect, it } from "vitest";
import { start, tempDir } from "./support.ts";

type Started = Awaited<ReturnType<typeof start>>;

async function caller(sandbox: Started) {
  const form = (secret: string) =>
    `grant_type=client_credentials&client_id=sandbox-id&client_secret=${secret}&scope=https://x.example/.default`;
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const sign = (secret: string, tenant = "sandbox-tenant") =>
    sandbox.call("POST", `/dataverse/${tenant}/oauth2/v2.0/token`, { headers, body: form(secret) });
  const authorization = `Bearer ${(await sign("sandbox-secret")).body.access_token}`;
  const call = (method: string, path: string, body?: unknown, more: Record<string, string> = {}) =>
    sandbox.call(method, `/dataverse/api/data/v9.2${path}`, { headers: { authorization, ...more }, body });
  const batch = (requests: readonly string[], more: Record<string, string> = {}) => {
    const parts = requests.map((one) => `--b\r\nContent-Type: application/http\r\n\r\n${one}\r\n`);
    const headers = { "content-type": "multipart/mixed; boundary=b", ...more };
    return call("POST", "/$batch", `${parts.join("")}--b--\r\n`, headers);
  };
  return { sign, call, batch };
}

const patch = (no: string, body: object = {}, header = "") =>
  `PATCH /api/data/v9.2/contacts(cr1_customerno='${no}') HTTP/1.1\r\n${header}Content-Type: application/json\r\n\r\n${JSON.stringify(body)}`;
const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((found) => Number(found[1]));
const goOn = { prefer: "odata.continue-on-error" };

describe("access", () => {
  it("signs an app in, and refuses others", async () => {
    const sandbox = await start();
    const { sign, call } = await caller(sandbox);
    expect((await sign("nope")).body.error).toBe("invalid_client");
    expect((await sign("sandbox-secret", "other")).body.error).toBe("invalid_tenant");
    expect((await call("GET", "/WhoAmI")).status).toBe(200);
    expect((await call("GET", "/WhoAmI", undefined, { authorization: "Bearer x" })).status).toBe(401);
  });

  it("limits five minutes, and says how long to wait", async () => {
    const sandbox = await start({ dataverse: { requests_per_5min: 1 } });
    const { call } = await caller(sandbox);
    await call("GET", "/WhoAmI");
    sandbox.clock.advance(100_000);
    const refused = await call("GET", "/WhoAmI");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "200"]);
    sandbox.clock.advance(200_000);
    expect((await call("GET", "/WhoAmI")).status).toBe(200);
  });
});

describe("a batch", () => {
  it("goes on after errors only if it is asked to", async () => {
    const { batch } = await caller(await start());
    const requests = [patch("1"), patch("2", { cr1_days: "long" }), patch("3")];
    expect(statuses((await batch(requests)).text)).toEqual([204, 400]);
    expect(statuses((await batch(requests, goOn)).text)).toEqual([204, 400, 204]);
  });

  it("creates, updates and deletes under the conditions of its headers", async () => {
    const { batch } = await caller(await start());
    const only = patch("1", {}, "If-Match: *\r\n");
    const never = patch("1", {}, "If-None-Match: *\r\n");
    const remove = "DELETE /api/data/v9.2/contacts(cr1_customerno='1') HTTP/1.1\r\n\r\n";
    const reply = await batch([only, never, never, only, remove, remove], goOn);
    expect(statuses(reply.text)).toEqual([404, 204, 412, 204, 204, 404]);
  });

  it("must be well formed, and names what is not there", async () => {
    const sandbox = await start();
    const { batch, call } = await caller(sandbox);
    expect((await call("POST", "/$batch", "x", { "content-type": "text/plain" })).status).toBe(400);
    expect((await batch([])).status).toBe(400);
    expect((await batch(Array(1_001).fill(patch("1")))).status).toBe(400);
    expect(await sandbox.violations()).toHaveLength(3);
    const unknown = await batch(
      ["GET /api/data/v9.2/nothings(a='1') HTTP/1.1\r\n\r\n", patch("1", { no_such_one: 1 })],
      goOn,
    );
    expect(unknown.text).toContain("0x80060888");
    expect(unknown.text).toContain("The property 'no_such_one' does not exist");
  });
});

it("keeps rows, keys and lists over a restart", async () => {
  const dataDir = tempDir();
  const first = await start({}, { dataDir });
  const { call, batch } = await caller(first);
  await batch([patch("1", { firstname: "Ann" })]);
  const list = (await call("POST", "/lists", { listname: "L", type: false, createdfromcode: 2 })).body.listid;
  const before = (await first.state()).dataverse;
  const add = await call("POST", `/lists(${list})/Microsoft.Dynamics.CRM.AddMemberList`, {
    EntityId: before.rows[0].id,
  });
  expect(add.status).toBe(200);
  const after = (await first.state()).dataverse;
  await first.close();
  const second = await start({}, { dataDir });
  expect((await second.state()).dataverse).toEqual(after);
  expect(after.lists[0].members).toEqual([before.rows[0].id]);
  const again = await caller(second);
  expect(statuses((await again.batch([patch("1", {}, "If-Match: *\r\n")])).text)).toEqual([204]);
});
