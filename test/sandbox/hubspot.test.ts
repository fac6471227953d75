import { describe, expect, it } from "vitest";
import { start, tempDir } from "./support.ts";

type Started = Awaited<ReturnType<typeof start>>;

const authorization = "Bearer pat-sandbox";
const caller =
  (sandbox: Started) =>
  (method: string, path: string, body?: unknown, headers: Record<string, string> = { authorization }) =>
    sandbox.call(method, `/hubspot${path}`, { headers, body });
const contact = (email: string, more: object = {}) => ({
  id: email,
  idProperty: "email",
  properties: { firstname: "F" },
  ...more,
});
const upsert = "/crm/v3/objects/contacts/batch/upsert";

describe("access", () => {
  it("wants a token it knows, and marks resources it does not", async () => {
    const sandbox = await start();
    const hs = caller(sandbox);
    expect((await hs("GET", "/account-info/v3/details")).body.portalId).toBe(1234567);
    expect((await hs("GET", "/account-info/v3/details", undefined, { authorization: "Bearer x" })).status).toBe(401);
    expect(await sandbox.violations()).toHaveLength(0);
    expect((await hs("GET", "/nonsense")).status).toBe(404);
    expect(await sandbox.violations()).toHaveLength(1);
  });

  it("gives tokens for its refresh token, until told that they end", async () => {
    const sandbox = await start();
    const hs = caller(sandbox);
    const form = (refresh: string) =>
      `grant_type=refresh_token&client_id=sandbox-id&client_secret=sandbox-secret&refresh_token=${refresh}`;
    const sign = { "content-type": "application/x-www-form-urlencoded" };
    expect((await hs("POST", "/oauth/v1/token", form("nope"), sign)).status).toBe(400);
    const { access_token } = (await hs("POST", "/oauth/v1/token", form("sandbox-refresh"), sign)).body;
    const bearer = { authorization: `Bearer ${access_token}` };
    expect((await hs("GET", "/account-info/v3/details", undefined, bearer)).status).toBe(200);
    await sandbox.misbehave({ platform: "hubspot", kind: "expire_token" });
    expect((await hs("GET", "/account-info/v3/details", undefined, bearer)).status).toBe(401);
    expect((await hs("GET", "/account-info/v3/details", undefined, bearer)).status).toBe(401);
  });

  it("limits ten seconds, and days, by name", async () => {
    const sandbox = await start({ hubspot: { requests_per_10s: 2, requests_per_day: 3 } });
    const hs = caller(sandbox);
    const ask = async () => (await hs("GET", "/account-info/v3/details")).body.policyName ?? "ok";
    expect([await ask(), await ask(), await ask()]).toEqual(["ok", "ok", "TEN_SECONDLY_ROLLING"]);
    sandbox.clock.advance(10_000);
    expect([await ask(), await ask()]).toEqual(["ok", "DAILY"]);
  });
});

describe("batches", () => {
  it("answer row by row only where every input has a trace id", async () => {
    const sandbox = await start();
    const hs = caller(sandbox);
    const bad = { ...contact("bad@example.com"), properties: { days_silent: "long" } };
    const whole = await hs("POST", upsert, { inputs: [contact("a@example.com"), bad] });
    expect(whole.status).toBe(400);
    const traced = [contact("A@example.com", { objectWriteTraceId: "x" }), { ...bad, objectWriteTraceId: "y" }];
    const part = await hs("POST", upsert, { inputs: traced });
    expect(part.status).toBe(207);
    expect(part.body.results[0]).toMatchObject({ new: true, objectWriteTraceId: "x" });
    expect(part.body.errors[0].context.objectWriteTraceId).toEqual(["y"]);
    expect((await sandbox.state()).hubspot.records[0].properties.email).toBe("a@example.com");
  });

  it("take a hundred inputs, each once, found by a unique property", async () => {
    const sandbox = await start();
    const hs = caller(sandbox);
    const many = Array.from({ length: 101 }, (_, i) => contact(`p${i}@example.com`));
    expect((await hs("POST", upsert, { inputs: many })).status).toBe(400);
    expect((await hs("POST", upsert, { inputs: [contact("a@x.org"), contact("A@x.org")] })).status).toBe(400);
    expect((await hs("POST", upsert, { inputs: [contact("a", { idProperty: "firstname" })] })).status).toBe(400);
    expect(await sandbox.violations()).toHaveLength(3);
  });

  it("read what is there and name what is not", async () => {
    const hs = caller(await start());
    await hs("POST", upsert, { inputs: [contact("a@example.com")] });
    const inputs = [{ id: "a@example.com" }, { id: "b@example.com" }];
    const body = { idProperty: "email", inputs, properties: ["email"], propertiesWithHistory: [] };
    const reply = await hs("POST", "/crm/objects/2026-03/contacts/batch/read", body);
    expect(reply.status).toBe(207);
    expect(reply.body.results).toHaveLength(1);
    expect(reply.body.errors[0]).toMatchObject({ category: "OBJECT_NOT_FOUND", context: { ids: ["b@example.com"] } });
  });
});

it("keeps records, lists, associations and statuses over a restart", async () => {
  const dataDir = tempDir();
  const first = await start({}, { dataDir });
  const hs = caller(first);
  const [one] = (await hs("POST", upsert, { inputs: [contact("a@example.com")] })).body.results;
  const { list } = (await hs("POST", "/crm/v3/lists/", { name: "L", objectTypeId: "0-1", processingType: "MANUAL" }))
    .body;
  await hs("PUT", `/crm/v3/lists/${list.listId}/memberships/add`, [one.id, "999"]);
  const status = {
    subscriberIdString: "a@example.com",
    subscriptionId: 7,
    statusState: "SUBSCRIBED",
    channel: "EMAIL",
  };
  await hs("POST", "/communication-preferences/v4/statuses/batch/write", { inputs: [status] });
  const before = (await first.state()).hubspot;
  await first.close();
  const second = await start({}, { dataDir });
  expect((await second.state()).hubspot).toEqual(before);
  const again = await caller(second)("POST", upsert, { inputs: [contact("A@Example.com")] });
  expect(again.body.results[0]).toMatchObject({ id: one.id, new: false });
});
