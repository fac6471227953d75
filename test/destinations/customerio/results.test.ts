import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AuthFailed, TargetInvalid } from "../../../src/core/delivery-errors.ts";
import { ConfigError } from "../../../src/core/errors.ts";
import { batchFates, batchReply, pack } from "../../../src/destinations/customerio/batch.ts";
import { requestError, segmentError } from "../../../src/destinations/customerio/errors.ts";
import { toEvent, ulid } from "../../../src/destinations/customerio/event-target.ts";
import { customerio } from "../../../src/destinations/customerio/index.ts";
import { identify } from "../../../src/destinations/customerio/people.ts";
import type { Fates } from "../../../src/destinations/fates.ts";
import { createDriver, testClock } from "../../contract/connector-driver.ts";
import { start } from "../../sandbox/support.ts";
import { change, sync } from "../salesforce/changes.ts";

const seqs = [1, 2, 3];
const statuses = (body: object) => {
  const fates = batchFates(seqs, batchReply.parse(body));
  return seqs.map((seq) => fates.get(seq)?.status ?? null);
};
const nobody = [null, null, null];
const error = (more: object) => ({
  reason: "invalid",
  field: "attributes.plan",
  message: "property value cannot be longer than 1000 bytes",
  ...more,
});

describe("the answer to a batch", () => {
  test.each<[string, object, (string | null)[]]>([
    ["an empty object", {}, ["accepted", "accepted", "accepted"]],
    ["the documented 207", { errors: [error({ batch_index: 1 })] }, ["accepted", "rejected", "accepted"]],
    [
      "what is required",
      { errors: [error({ batch_index: 2, reason: "required" })] },
      ["accepted", "accepted", "rejected"],
    ],
    [
      "a reason nobody documented",
      { errors: [error({ batch_index: 0, reason: "busy" })] },
      ["retry", "accepted", "accepted"],
    ],
    ["no reason", { errors: [{ batch_index: 0 }] }, ["retry", "accepted", "accepted"]],
    ["an error without a place", { errors: [error({})] }, nobody],
    ["a place that was not sent", { errors: [error({ batch_index: 3 })] }, nobody],
    ["a place that is no number", { errors: [error({ batch_index: "1" })] }, nobody],
    ["an error that is a sentence", { errors: ["something"] }, nobody],
    ["one place, and one error without", { errors: [error({ batch_index: 1 }), error({})] }, [null, "rejected", null]],
  ])("%s", (_name, body, want) => {
    expect(statuses(body)).toEqual(want);
  });

  test("names the field, and what Customer.io says of it", () => {
    expect(batchFates([5], batchReply.parse({ errors: [error({ batch_index: 0 })] })).get(5)).toEqual({
      status: "rejected",
      code: "INVALID",
      message: "Customer.io: attributes.plan: property value cannot be longer than 1000 bytes",
    });
  });
});

test("requests stay below 500 kB and hold every operation of 32 kB or less, once, in order", () => {
  const sizes = fc.array(fc.nat(40_000), { maxLength: 60 });
  fc.assert(
    fc.property(sizes, (lengths) => {
      const fates: Fates = new Map();
      const operations = lengths.map((length, seq) => ({ seq, body: { text: "ü".repeat(length / 2) } }));
      const packed = [...pack(operations, fates)];
      for (const { text, seqs: inside } of packed) {
        expect(Buffer.byteLength(text)).toBeLessThan(500_000);
        expect((JSON.parse(text) as { batch: unknown[] }).batch).toHaveLength(inside.length);
      }
      const sent = packed.flatMap((one) => one.seqs);
      expect([...sent, ...fates.keys()].sort((a, b) => a - b)).toEqual(operations.map((one) => one.seq));
      expect(sent).toEqual([...sent].sort((a, b) => a - b));
    }),
    { numRuns: 30 },
  );
});

describe("errors of a request", () => {
  test("are about the credentials, the segment, or left to the HTTP client", () => {
    expect(requestError(401)).toBeInstanceOf(AuthFailed);
    expect(requestError(400)).toBeUndefined();
    expect(requestError(429)).toBeUndefined();
    const said = (text: string) => ({ meta: { errors: [text] } });
    expect(segmentError(404, "")).toBeInstanceOf(TargetInvalid);
    expect(segmentError(400, said("segment not found"))).toBeInstanceOf(TargetInvalid);
    expect(segmentError(400, said("ids: invalid"))).toBeUndefined();
    expect(segmentError(401, "")).toBeInstanceOf(AuthFailed);
  });
});

describe("operations", () => {
  test("write NULL as an empty value, and leave out what is skipped", () => {
    const row = { change: change(1, { id: "u1" }, { first_name: null, days: 0 }), value: "u1" };
    expect(identify(row, "id").body).toEqual({
      type: "person",
      identifiers: { id: "u1" },
      action: "identify",
      attributes: { first_name: "", days: 0 },
    });
  });

  test("of events have an id that belongs to the row", () => {
    const row = change(1, { id: "u1" }, { timestamp: "2026-01-01T00:00:01.900Z", total: 3, none: null });
    const made = toEvent(row, "id", { name: "purchase" }, sync());
    expect(made).toMatchObject({ body: { name: "purchase", timestamp: 1_767_225_601, attributes: { total: 3 } } });
    expect(toEvent(row, "id", { name: "purchase" }, sync({ runId: "run-2" }))).toEqual(made);
    const ids = [made, toEvent({ ...row, key: "other" }, "id", { name: "purchase" }, sync())].map((one) =>
      "body" in one ? one.body.id : null,
    );
    expect(new Set(ids).size).toBe(2);
  });

  test("have ULIDs whose time can be read back", () => {
    // The example of https://github.com/ulid/spec has this time.
    expect(ulid(1_469_918_176_385, "x").slice(0, 10)).toBe("01ARYZ6S41");
    expect(ulid(2 ** 48 - 1, "x")).toMatch(/^7[0-9A-HJKMNP-TV-Z]{25}$/);
  });

  test.each([[null], ["soon"], ["1969-12-31T00:00:00Z"], [5]])("of events at %s are refused", (timestamp) => {
    expect(toEvent(change(1, { id: "u1" }, { timestamp }), "id", { name: "x" }, sync())).toMatchObject({
      code: "TIME_UNREADABLE",
    });
  });

  test.each<[string, string, object, Parameters<typeof sync>[0]]>([
    ["two identifiers", "person", {}, { match: ["id", "email"] }],
    ["an identifier among attributes", "person", {}, { match: ["id"], fields: ["cio_id"] }],
    ["a name with a meaning", "person", {}, { match: ["id"], fields: ["_update"] }],
    [
      "attributes of people who are not written",
      "segment",
      { segment: "7", create_people: false },
      { match: ["id"], fields: ["a"] },
    ],
  ])("that cannot work are told before: %s", (_name, target, options, more) => {
    expect(() => customerio.targets[target]?.shape(options, sync(more))).toThrow(ConfigError);
  });
});

describe("a workspace", () => {
  const drive = async (target: string, options: object, settings: object = {}, account: object = {}) => {
    const sandbox = await start({ customerio: settings });
    const driver = createDriver({
      connector: customerio,
      account: {
        base_url: `${sandbox.url}/customerio`,
        site_id: "sandbox-site",
        api_key: "customerio-sandbox",
        ...account,
      },
      target,
      options,
      mode: "upsert",
      clock: testClock(),
      secrets: [],
    });
    return { sandbox, driver };
  };
  const row = (id: string, fields = {}) => ({ key: id, op: "add" as const, match: { id }, fields });

  test("without the segment stops the run", async () => {
    const { driver } = await drive("segment", { segment: 99 });
    await expect(driver.deliver([row("u1")])).rejects.toBeInstanceOf(TargetInvalid);
    await driver.close();
  });

  test("adds nobody to a segment who was refused as a person", async () => {
    const { driver, sandbox } = await drive("segment", { segment: 7 });
    const fates = await driver.deliver([row("u1"), row("u2", { note: "x".repeat(1_001) })]);
    expect(fates.map((fate) => fate.status)).toEqual(["accepted", "rejected"]);
    expect(sandbox.seen.find((one) => one.path.endsWith("add_customers"))?.body).toBe('{"ids":["u1"]}');
    await driver.close();
  });

  test("keeps out whom it was told to erase, by all identifiers it knew", async () => {
    const { driver, sandbox } = await drive("person", {});
    await driver.deliver([row("u1", { email: "a@example.com" })]);
    const eraser = createDriver({
      connector: customerio,
      account: { base_url: `${sandbox.url}/customerio`, site_id: "sandbox-site", api_key: "customerio-sandbox" },
      target: "erasure",
      options: {},
      mode: "remove",
      clock: testClock(),
      secrets: [],
    });
    await eraser.deliver([{ ...row("u1"), op: "remove" }]);
    await driver.deliver([{ key: "again", op: "add", match: { email: "a@example.com" }, fields: {} }]);
    expect((await sandbox.state()).customerio.people).toEqual({});
    await driver.close();
    await eraser.close();
  });
});
