import { describe, expect, it } from "vitest";
import { start, tempDir } from "./support.ts";

const authorization = `Basic ${Buffer.from("sandbox-site:customerio-sandbox").toString("base64")}`;
type Started = Awaited<ReturnType<typeof start>>;
const caller = (sandbox: Started) => (method: string, path: string, body?: unknown) =>
  sandbox.call(method, `/customerio/api${path}`, { headers: { authorization }, body });
const identify = (id: string, attributes: object = {}) => ({
  type: "person",
  action: "identify",
  identifiers: { id },
  attributes,
});

describe("the Customer.io stand-in", () => {
  it("names invalid operations by their place and takes the others", async () => {
    const sandbox = await start();
    const cio = caller(sandbox);
    const { status, body } = await cio("POST", "/v2/batch", {
      batch: [identify("u1"), identify("u2", { note: "x".repeat(1_001) }), identify(" ")],
    });
    expect(status).toBe(207);
    expect(body.errors).toMatchObject([
      { batch_index: 1, reason: "invalid", field: "attributes.note" },
      { batch_index: 2, reason: "required" },
    ]);
    expect(Object.values((await sandbox.state()).customerio.people)).toMatchObject([{ id: "u1" }]);
  });

  it("marks requests of 500 kB, operations of more than 32 kB, and two identifiers", async () => {
    const sandbox = await start();
    const cio = caller(sandbox);
    const large = { a: Array.from({ length: 30 }, () => "x".repeat(900)) };
    expect(
      (await cio("POST", "/v2/batch", { batch: Array.from({ length: 20 }, (_, n) => identify(`u${n}`, large)) }))
        .status,
    ).toBe(400);
    expect((await cio("POST", "/v2/batch", { batch: [identify("u1", { a: large.a, b: large.a })] })).status).toBe(400);
    const both = { ...identify("u1"), identifiers: { id: "u1", email: "a@example.com" } };
    expect((await cio("POST", "/v2/batch", { batch: [both] })).status).toBe(400);
    expect(await sandbox.violations()).toHaveLength(3);
  });

  it("ignores events that it has, and people it was told to suppress", async () => {
    const sandbox = await start();
    const cio = caller(sandbox);
    const event = {
      type: "person",
      action: "event",
      identifiers: { id: "u1" },
      name: "seen",
      id: "01ARYZ6S41TSV4RRFFQ69G5FAV",
    };
    const suppress = { type: "person", action: "suppress", identifiers: { id: "u1" } };
    await cio("POST", "/v2/batch", { batch: [identify("u1"), event, event, suppress, identify("u1")] });
    const { events, people, suppressed } = (await sandbox.state()).customerio;
    expect(Object.keys(events)).toHaveLength(1);
    expect(people).toEqual({});
    expect(suppressed).toContain("id:u1");
  });

  it("limits by the second, and goes on after a restart", async () => {
    const dataDir = tempDir();
    const first = await start({ customerio: { requests_per_s: 1 } }, { dataDir });
    await caller(first)("POST", "/v2/batch", { batch: [identify("u1", { email: "a@example.com" })] });
    expect((await caller(first)("GET", "/v1/accounts/region")).status).toBe(429);
    await first.close();
    const second = await start({}, { dataDir });
    const cio = caller(second);
    await cio("POST", "/v1/segments/7/add_customers?id_type=email", { ids: ["A@example.com", "who@example.com"] });
    expect(Object.keys((await second.state()).customerio.segments["7"])).toHaveLength(1);
  });
});
