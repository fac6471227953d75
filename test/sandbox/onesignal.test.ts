import { describe, expect, it } from "vitest";
import { start, tempDir } from "./support.ts";

type Started = Awaited<ReturnType<typeof start>>;
const app = "/onesignal/apps/5eb5a37e-b458-11e3-ac11-000c2940e62c";
const caller =
  (sandbox: Started) =>
  (method: string, path: string, body?: unknown, key = "onesignal-sandbox") =>
    sandbox.call(method, `${app}${path}`, { headers: { authorization: `Key ${key}` }, body });

describe("the OneSignal stand-in", () => {
  it("looks a user up by aliases, and refuses those of two users", async () => {
    const sandbox = await start();
    const os = caller(sandbox);
    const first = await os("POST", "/users", {
      identity: { external_id: "u1" },
      properties: { tags: { a: "1", b: "2" } },
    });
    expect(first.status).toBe(201);
    const again = await os("POST", "/users", {
      identity: { external_id: "u1", no: "7" },
      properties: { tags: { a: "" } },
    });
    expect(again.status).toBe(200);
    expect(again.body).toMatchObject({ identity: first.body.identity, properties: { tags: { b: "2" } } });
    expect(again.body.properties.tags).not.toHaveProperty("a");
    await os("POST", "/users", { identity: { external_id: "u2" } });
    expect((await os("POST", "/users", { identity: { external_id: "u2", no: "7" } })).status).toBe(409);
  });

  it("gives a token to whoever came last with it", async () => {
    const sandbox = await start();
    const os = caller(sandbox);
    const subscriptions = [{ type: "Email", token: "a@example.com" }];
    await os("POST", "/users", { identity: { external_id: "u1" }, subscriptions });
    await os("POST", "/users", {
      identity: { external_id: "u2" },
      subscriptions: [{ type: "Email", token: "A@example.com" }],
    });
    const users = Object.values((await sandbox.state()).onesignal.users);
    expect(users).toMatchObject([{ subscriptions: [] }, { subscriptions: [{ token: "a@example.com" }] }]);
  });

  it("limits views, and requests about one user", async () => {
    const sandbox = await start({ onesignal: { requests_per_user_per_s: 1 } });
    const os = caller(sandbox);
    const patch = () => os("PATCH", "/users/by/external_id/u1", { properties: {} });
    expect((await os("GET", "/users/by/external_id/u2")).status).toBe(404);
    expect((await os("GET", "/users/by/external_id/u3")).status).toBe(429);
    expect([(await patch()).status, (await patch()).status]).toEqual([404, 429]);
    sandbox.clock.advance(1_000);
    expect((await patch()).status).toBe(404);
  });

  it("knows its key and app only, and marks what is not described", async () => {
    const sandbox = await start();
    const os = caller(sandbox);
    expect((await os("POST", "/users", { identity: { external_id: "u1" } }, "other")).status).toBe(401);
    expect(await sandbox.violations()).toHaveLength(0);
    await os("POST", "/users", { identity: { external_id: "u1" }, tags: { a: "1" } });
    await os("GET", "/segments");
    expect(await sandbox.violations()).toHaveLength(2);
  });

  it("goes on after a restart", async () => {
    const dataDir = tempDir();
    const first = await start({}, { dataDir });
    await caller(first)("POST", "/users", { identity: { external_id: "u1" } });
    await first.close();
    const second = await start({}, { dataDir });
    expect((await caller(second)("DELETE", "/users/by/external_id/u1")).status).toBe(200);
  });
});
