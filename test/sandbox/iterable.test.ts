import { describe, expect, it } from "vitest";
import { start, tempDir } from "./support.ts";

type Started = Awaited<ReturnType<typeof start>>;
const caller = (sandbox: Started) => (method: string, path: string, body?: unknown) =>
  sandbox.call(method, `/iterable/api${path}`, { headers: { "api-key": "iterable-sandbox" }, body });
const users = (...all: object[]) => ({ users: all });

describe("the Iterable stand-in", () => {
  it("sorts failures into buckets, and keeps a field's first type", async () => {
    const sandbox = await start();
    const it = caller(sandbox);
    await it("POST", "/users/bulkUpdate", users({ email: "a@example.com", dataFields: { days: 1 } }));
    const { body } = await it(
      "POST",
      "/users/bulkUpdate",
      users(
        { email: "A@example.com", dataFields: { days: "many" } },
        { email: "nobody" },
        { userId: "u1", dataFields: { days: 2 } },
      ),
    );
    expect(body).toMatchObject({
      successCount: 1,
      failCount: 2,
      failedUpdates: { invalidDataEmails: ["A@example.com"], invalidEmails: ["nobody"] },
    });
  });

  it("takes no data about people it was told to forget, and forgets no more than the day's", async () => {
    const sandbox = await start({ iterable: { forget_per_day: 1 } });
    const it = caller(sandbox);
    await it("POST", "/users/bulkUpdate", users({ email: "a@example.com" }));
    expect((await it("POST", "/users/forget", { email: "a@example.com" })).body.code).toBe("Success");
    expect((await it("POST", "/users/forget", { email: "b@example.com" })).status).toBe(429);
    const { body } = await it("POST", "/users/bulkUpdate", users({ email: "a@example.com" }));
    expect(body.failedUpdates).toEqual({ forgottenEmails: ["a@example.com"] });
  });

  it("updates an event whose id it has", async () => {
    const sandbox = await start();
    const it = caller(sandbox);
    const event = (total: number) => ({
      events: [{ email: "a@example.com", eventName: "Seen", id: "1", dataFields: { total } }],
    });
    await it("POST", "/events/trackBulk", event(1));
    await it("POST", "/events/trackBulk", event(2));
    expect(Object.values((await sandbox.state()).iterable.events)).toMatchObject([{ dataFields: { total: 2 } }]);
  });

  it("limits by endpoint, and marks bodies that are not as described", async () => {
    const sandbox = await start();
    const it = caller(sandbox);
    const statuses: number[] = [];
    for (let n = 0; n < 6; n++) statuses.push((await it("POST", "/users/bulkUpdate", users())).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    expect(await sandbox.violations()).toHaveLength(0);
    await it("POST", "/lists/subscribe", { listId: 1, subscribers: [{ email: "a@example.com", userId: "u1" }] });
    expect(await sandbox.violations()).toHaveLength(1);
  });

  it("goes on after a restart", async () => {
    const dataDir = tempDir();
    const first = await start({}, { dataDir });
    await caller(first)("POST", "/lists", { name: "Lapsing" });
    await first.close();
    const second = await start({}, { dataDir });
    expect((await caller(second)("GET", "/lists")).body.lists).toMatchObject([{ id: 1, name: "Lapsing" }]);
  });
});
