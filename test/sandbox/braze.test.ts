import { describe, expect, it } from "vitest";
import { start, tempDir } from "./support.ts";

const headers = { authorization: "Bearer braze-sandbox" };
type Started = Awaited<ReturnType<typeof start>>;
const track = (sandbox: Started, body: unknown, key = "braze-sandbox") =>
  sandbox.call("POST", "/braze/users/track", { headers: { authorization: `Bearer ${key}` }, body });

describe("the Braze stand-in", () => {
  it("refuses unknown keys and keys without the permission, before it reads the body", async () => {
    const sandbox = await start({ braze: { keys: ["braze-sandbox", "weak"], lacking: { weak: ["users.track"] } } });
    expect((await track(sandbox, {}, "nobody")).status).toBe(401);
    expect((await track(sandbox, {}, "weak")).status).toBe(403);
    expect((await track(sandbox, {})).status).toBe(400);
    expect(await sandbox.violations()).toHaveLength(0);
  });

  it("marks more than 75 objects, and resources it does not know", async () => {
    const sandbox = await start();
    const attributes = Array.from({ length: 76 }, (_, n) => ({ external_id: `u${n}` }));
    expect((await track(sandbox, { attributes })).status).toBe(400);
    expect((await sandbox.call("GET", "/braze/users", { headers })).status).toBe(404);
    expect(await sandbox.violations()).toHaveLength(2);
  });

  it("takes what is well-formed, names the rest by its place, and removes attributes that are null", async () => {
    const sandbox = await start();
    await track(sandbox, { attributes: [{ external_id: "u1", a: 1, b: 2 }] });
    const { status, body } = await track(sandbox, { attributes: [{ external_id: "u1", a: null }, { a: 3 }] });
    expect(status).toBe(201);
    expect(body).toMatchObject({ message: "success", attributes_processed: 1, errors: [{ index: 1 }] });
    const [user] = Object.values((await sandbox.state()).braze.users) as { attributes: unknown }[];
    expect(user?.attributes).toEqual({ b: 2 });
  });

  it("limits by endpoint and says until when", async () => {
    const sandbox = await start({ braze: { track_requests_per_3s: 1 } });
    const one = { attributes: [{ external_id: "u1" }] };
    expect((await track(sandbox, one)).status).toBe(201);
    const limited = await track(sandbox, one);
    expect(limited.status).toBe(429);
    expect(Number(limited.headers.get("x-ratelimit-reset")) * 1_000).toBe(sandbox.clock.now().getTime() + 3_000);
    sandbox.clock.advance(3_000);
    expect((await track(sandbox, one)).status).toBe(201);
  });

  it("finds users again after a restart", async () => {
    const dataDir = tempDir();
    const first = await start({}, { dataDir });
    await track(first, { attributes: [{ external_id: "u1", email: "a@example.com" }] });
    await first.close();
    const second = await start({}, { dataDir });
    await track(second, { attributes: [{ email: "A@example.com", a: 1 }] });
    const users = Object.values((await second.state()).braze.users) as { external_id: string }[];
    expect(users.map((user) => user.external_id)).toEqual(["u1"]);
  });
});
