import { describe, expect, it } from "vitest";
import { start, tempDir } from "./support.ts";

type Started = Awaited<ReturnType<typeof start>>;
const caller =
  (sandbox: Started) =>
  (method: string, path: string, body?: unknown, version = "2.16") =>
    sandbox.call(method, `/intercom${path}`, {
      headers: { authorization: "Bearer intercom-sandbox", "intercom-version": version },
      body,
    });
const search = (value: string[]) => ({ query: { field: "external_id", operator: "IN", value } });

describe("the Intercom stand-in", () => {
  it("refuses a second contact with the id of the first, and finds new ones after a while", async () => {
    const sandbox = await start({ intercom: { search_delay_ms: 5_000 } });
    const ic = caller(sandbox);
    const { body } = await ic("POST", "/contacts", { external_id: "u1" });
    const again = await ic("POST", "/contacts", { external_id: "u1" });
    expect(again.status).toBe(409);
    expect(again.body.errors[0].message).toContain(`id=${body.id}`);
    expect((await ic("POST", "/contacts/search", search(["u1"]))).body.data).toHaveLength(0);
    sandbox.clock.advance(5_000);
    expect((await ic("POST", "/contacts/search", search(["u1", "u2"]))).body.data).toMatchObject([{ id: body.id }]);
  });

  it("gives every contact an id of its own", async () => {
    const sandbox = await start();
    const ids = new Set<string>();
    for (let n = 0; n < 120; n++)
      ids.add((await caller(sandbox)("POST", "/contacts", { external_id: `u${n}` })).body.id);
    expect(ids.size).toBe(120);
  });

  it("limits windows of ten seconds and says until when", async () => {
    const sandbox = await start({ intercom: { requests_per_10s: 1 } });
    const ic = caller(sandbox);
    expect((await ic("GET", "/me")).status).toBe(200);
    const limited = await ic("GET", "/me");
    expect(limited.status).toBe(429);
    expect(limited.body.errors[0].code).toBe("rate_limit_exceeded");
    expect(Number(limited.headers.get("x-ratelimit-reset")) * 1_000).toBe(sandbox.clock.now().getTime() + 10_000);
  });

  it("marks other versions, unknown members and resources", async () => {
    const sandbox = await start();
    const ic = caller(sandbox);
    await ic("GET", "/me", undefined, "2.1");
    await ic("POST", "/contacts", { external_id: "u1", days: 3 });
    await ic("GET", "/conversations");
    expect(await sandbox.violations()).toHaveLength(3);
  });

  it("goes on after a restart", async () => {
    const dataDir = tempDir();
    const first = await start({}, { dataDir });
    await caller(first)("POST", "/contacts", { external_id: "u1" });
    await first.close();
    const second = await start({}, { dataDir });
    expect((await caller(second)("POST", "/contacts/search", search(["u1"]))).body.data).toHaveLength(1);
  });
});
