import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { start } from "./support.ts";

const add = (key: string, fields = {}) => ({ op: "add", key, fields });
const post = {
  sync: "s",
  run: "r",
  changes: [add("1", { total: 5 }), add("2"), { op: "remove", key: "3", fields: {} }],
};

describe("the webhook receiver", () => {
  it("counts how often each key was applied and holds the fields last sent", async () => {
    const sandbox = await start();
    await sandbox.call("POST", "/hook/any/path", { body: post });
    await sandbox.call("PUT", "/hook", { body: { changes: [add("1", { total: 6 })] } });
    const { hook } = await sandbox.state();
    expect(hook.events).toEqual({ add: { "1": 2, "2": 1 }, remove: { "3": 1 } });
    expect(hook.present).toEqual({ "1": { total: 6 }, "2": {} });
  });

  it("applies a repeated idempotency key once, and twice when told to be forgetful", async () => {
    for (const [idempotent, times] of [
      [true, 1],
      [false, 2],
    ] as const) {
      const sandbox = await start({ hook: { idempotent } });
      const init = { body: post, headers: { "idempotency-key": "k" } };
      const replies = [await sandbox.call("POST", "/hook", init), await sandbox.call("POST", "/hook", init)];
      expect(replies.map((reply) => reply.status)).toEqual([200, 200]);
      expect((await sandbox.state()).hook.events.add["1"]).toBe(times);
      expect((await sandbox.log()).map((entry) => entry.applied)).toEqual([true, !idempotent]);
    }
  });

  it("calls one key for two bodies a violation", async () => {
    const sandbox = await start();
    const headers = { "idempotency-key": "k" };
    await sandbox.call("POST", "/hook", { body: post, headers });
    expect((await sandbox.call("POST", "/hook", { body: { changes: [] }, headers })).status).toBe(422);
    expect(await sandbox.violations()).toHaveLength(1);
  });

  it("knows the rows of a templated body by key or id, and takes one that is no JSON", async () => {
    const sandbox = await start();
    await sandbox.call("POST", "/hook", { body: [{ id: 7, name: "x" }, { key: "k" }] });
    await sandbox.call("POST", "/hook", { body: "a=b", headers: { "content-type": "text/plain" } });
    expect((await sandbox.log()).map(({ rows, status }) => [rows, status])).toEqual([
      [{ event: ["7", "k"] }, 200],
      [{}, 200],
    ]);
  });

  it("checks the signature when it has a secret", async () => {
    const sandbox = await start({ hook: { secret: "s3cret" } });
    const text = JSON.stringify(post);
    const seconds = Math.floor(sandbox.clock.now().getTime() / 1000);
    const sign = (t: number, secret: string) =>
      `t=${t},v1=${createHmac("sha256", secret).update(`${t}.${text}`).digest("hex")}`;
    const status = async (signature: string | undefined) =>
      (
        await sandbox.call("POST", "/hook", {
          body: text,
          headers: signature === undefined ? {} : { "x-millrace-signature": signature },
        })
      ).status;
    expect(await status(sign(seconds, "s3cret"))).toBe(200);
    expect(await status(sign(seconds, "other"))).toBe(401);
    expect(await status(sign(seconds - 600, "s3cret"))).toBe(401);
    expect(await status("v1=abc")).toBe(401);
    expect(await status(undefined)).toBe(401);
    expect(await sandbox.violations()).toHaveLength(4);
  });

  it("refuses a whole request for one bad row, so that it can be bisected", async () => {
    const sandbox = await start();
    await sandbox.misbehave({ kind: "reject_rows", field: "total", values: [5], code: "BAD_TOTAL" });
    expect((await sandbox.call("POST", "/hook", { body: post })).body).toMatchObject({ error: { code: "BAD_TOTAL" } });
    expect((await sandbox.call("POST", "/hook", { body: { changes: [add("2")] } })).status).toBe(200);
    expect((await sandbox.state()).hook.events).toEqual({ add: { "2": 1 } });
    expect(await sandbox.violations()).toEqual([]);
  });

  it("answers row by row when asked, and repeats that answer to a repeated key", async () => {
    const sandbox = await start({ hook: { answer: "per_row" } });
    await sandbox.misbehave({ kind: "reject_rows", field: "total", values: [5], code: "BAD_TOTAL", message: "no" });
    const init = { body: post, headers: { "idempotency-key": "k" } };
    const first = await sandbox.call("POST", "/hook", init);
    expect(first.body.results).toEqual([
      { key: "1", status: "rejected", code: "BAD_TOTAL", message: "no" },
      { key: "2", status: "delivered" },
      { key: "3", status: "delivered" },
    ]);
    expect((await sandbox.call("POST", "/hook", init)).body).toEqual(first.body);
    expect((await sandbox.log()).map(({ rows }) => rows)).toEqual([{ add: ["2"], remove: ["3"], refused: ["1"] }, {}]);
    expect((await sandbox.state()).hook.events).toEqual({ add: { "2": 1 }, remove: { "3": 1 } });
  });

  it("keeps no rows when only totals are wanted", async () => {
    const sandbox = await start({ hook: { record: "totals" } });
    await sandbox.call("POST", "/hook", { body: post });
    expect((await sandbox.state()).hook).toMatchObject({
      requests: 1,
      bytes: JSON.stringify(post).length,
      present: {},
      deliveries: [],
    });
  });

  it("survives a key or operation named like a member of every object", async () => {
    const sandbox = await start();
    const reply = await sandbox.call("POST", "/hook", {
      body: '{"changes":[{"op":"__proto__","key":"__proto__","fields":{}}]}',
    });
    expect(reply.status).toBe(200);
  });
});
