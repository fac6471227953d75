import { afterAll, beforeAll, describe, expect } from "vitest";
import { z } from "zod";
import { type Bench, casesOf, createBench, personal, type TestCase } from "./connector-bench.ts";
import { faultCases } from "./connector-faults.ts";
import type { ConnectorFixture } from "./connector-fixture.ts";

export type { ContractRow } from "./connector-driver.ts";
export { testClock } from "./connector-driver.ts";
export type { ConnectorFixture, ContractCase, Fault } from "./connector-fixture.ts";

/** Text that must arrive as it is, or be refused with a reason: never changed on the way. */
const texts: Readonly<Record<string, string>> = {
  emoji: "Zoë 🐝👩‍👩‍👧 数据",
  "right to left": "مرحبا שלום",
  quotes: `O'Brien "Bob"; drop table people; --`,
  lines: "first\nsecond\ttabbed, with comma; and semicolon",
  NUL: "before\u0000after",
};

/** Every connector's target runs these cases against a real peer: a database, a folder, a server. */
export function connectorContract(name: string, open: () => Promise<ConnectorFixture>): void {
  describe(`connector contract: ${name}`, () => {
    let bench: Bench | undefined;
    const opened = (): Bench => {
      if (bench === undefined) throw new Error("the fixture did not open");
      return bench;
    };
    beforeAll(async () => {
      bench = createBench(await open());
    });
    afterAll(async () => {
      await bench?.driver.close();
      await bench?.fixture.close?.();
    });
    const testCase = casesOf(opened);
    declarationCases(testCase);
    discoveryCases(testCase);
    rowCases(testCase);
    valueCases(testCase);
    faultCases(testCase);
  });
}

function declarationCases(testCase: TestCase): void {
  testCase(null, "declares itself consistently", async (b) => {
    const run = b.driver.plan([b.as("add", b.makeRow())]);
    const options: unknown = b.target.options.parse(b.fixture.options);
    const shape = b.target.shape(options, run.sync);
    expect(b.target.shape(options, run.sync)).toEqual(shape);
    expect(shape.batch.maxRows).toBeGreaterThanOrEqual(1);
    expect(b.fixture.connector.id).toMatch(/^[a-z][a-z0-9-]*$/);
    expect(b.target.description).not.toBe("");
    expect(b.target.object(options)).not.toBe("");
    expect(b.target.modes.length).toBeGreaterThan(0);
    // Records may be mirrored without removing any: `when_removed: {set}` changes the leavers.
    const leaves = b.target.kind !== "records" && b.target.modes.includes("mirror");
    if (leaves || b.target.modes.includes("remove")) expect(b.target.ops).toContain("remove");
    if (shape.contents === "snapshot") expect(b.target.finish).toBeTypeOf("function");
    for (const limit of b.fixture.connector.limits(b.driver.ctx.account)) {
      expect(Math.min(limit.requests, limit.perMs, limit.concurrency)).toBeGreaterThan(0);
    }
  });

  testCase(null, "refuses unknown keys in account and options", async (b) => {
    const account = { ...Object(b.fixture.account), no_such_key: 1 };
    const options = { ...Object(b.fixture.options), no_such_key: 1 };
    expect(b.fixture.connector.account.safeParse(account).success).toBe(false);
    expect(b.target.options.safeParse(options).success).toBe(false);
  });

  testCase(null, "marks its secrets, and keeps them out of the account key", async (b) => {
    const key = b.fixture.connector.accountKey(b.driver.ctx.account);
    expect(key).not.toBe("");
    for (const secret of b.fixture.secrets) expect(key.includes(secret)).toBe(false);
    if (b.fixture.secrets.length === 0) return;
    const schema = JSON.stringify(z.toJSONSchema(b.fixture.connector.account, { unrepresentable: "any", io: "input" }));
    expect(schema).toContain(`"secret":true`);
  });

  testCase(null, "makes no request for a plan without rows", async (b) => {
    const before = b.driver.requests();
    const state = await b.fixture.readState();
    const empty = b.driver.plan([]);
    const options: unknown = b.target.options.parse(b.fixture.options);
    const contents = b.target.shape(options, empty.sync).contents;
    expect(b.target.requests?.(options, empty.sync) ?? 0).toBe(0);
    if (contents === "changes") await b.driver.finish(empty);
    expect(b.driver.requests()).toBe(before);
    expect(await b.fixture.readState()).toEqual(state);
  });

  testCase(null, "checks the account without writing", async (b) => {
    const state = await b.fixture.readState();
    await b.fixture.connector.check(b.driver.ctx);
    expect(await b.fixture.readState()).toEqual(state);
  });
}

function discoveryCases(testCase: TestCase): void {
  testCase(null, "tells the fields that rows are written to, and writes nothing", async (b, skip) => {
    if (b.target.discover === undefined) skip("the platform has no way to tell a target's fields");
    const row = b.makeRow();
    await b.driver.deliver([b.as("add", row)]);
    const state = await b.fixture.readState();
    const fields = await b.driver.discover();
    expect(await b.fixture.readState()).toEqual(state);
    const names = fields.map((field) => field.name);
    expect(new Set(names).size).toBe(names.length);
    if (b.target.discoversAll === undefined) return expect(names.length).toBeGreaterThan(0);
    for (const name of Object.keys(row.fields)) expect(names).toContain(name);
    const text = fields.find((field) => field.name === b.fixture.textField);
    expect(["text", null]).toContain(text?.type);
    expect(text?.writable).toBe(true);
  });
}

function rowCases(testCase: TestCase): void {
  testCase(null, "delivers new rows, one result each, and the destination holds them", async (b) => {
    const some = Array.from({ length: 25 }, b.makeRow);
    const fates = await b.driver.deliver(some.map((row) => b.as("add", row)));
    expect(fates).toHaveLength(25);
    for (const [i, row] of some.entries()) {
      expect(["delivered", "accepted"]).toContain(fates[i]?.status);
      const have = await b.held(row);
      expect(have?.[b.fixture.textField]).toEqual(row.fields[b.fixture.textField]);
    }
  });

  testCase("resend", "holds a row once when its batch is sent twice", async (b, skip) => {
    if (b.once()) skip("once-only target: an answered batch is never sent again");
    const row = b.makeRow();
    const run = b.driver.plan([b.as("add", row)]);
    await b.driver.send(run);
    const [first] = run.sends;
    run.work.push({ changes: run.changes, attempt: 1, job: null });
    const [fate] = await b.driver.send(run);
    expect(fate?.status).toMatch(/delivered|accepted/);
    expect(run.sends.at(-1)?.idempotencyKey).toBe(first?.idempotencyKey);
    expect((await b.held(row))?.[b.fixture.textField]).toEqual(row.fields[b.fixture.textField]);
  });

  testCase("update", "changes a row that is there", async (b, skip) => {
    if (!b.target.ops.includes("update")) skip("the target has no update");
    const row = b.makeRow();
    await b.driver.deliver([b.as("add", row)]);
    const [fate] = await b.driver.deliver([b.as("update", b.withText(row, "changed"))]);
    expect(fate?.status).toMatch(/delivered|accepted/);
    expect((await b.held(row))?.[b.fixture.textField]).toBe("changed");
  });

  testCase("move", "gives a record its new identifiers instead of making a second one", async (b, skip) => {
    const [row, next] = [b.makeRow(), b.makeRow()];
    const { sync } = b.driver.plan([b.as("add", row)]);
    const moves = b.target.movesMatch ?? false;
    const can = typeof moves === "boolean" ? moves : moves(b.target.options.parse(b.fixture.options), sync);
    if (!can) skip("the target removes the old record and adds a new one");
    await b.driver.deliver([b.as("add", row)]);
    const count = (await b.fixture.readState()).length;
    const moved = { ...next, key: row.key, movedFrom: row.match };
    const fates = await b.driver.deliver([b.as("update", moved), b.as("add", b.makeRow())]);
    for (const fate of fates) expect(fate.status).toMatch(/delivered|accepted/);
    expect(await b.held(row)).toBeUndefined();
    expect((await b.held(moved))?.[b.fixture.textField]).toEqual(next.fields[b.fixture.textField]);
    expect((await b.fixture.readState()).length).toBe(count + 1);
  });

  testCase("bad-row", "rejects a bad row alone, with a reason that holds none of its values", async (b, skip) => {
    const good = [b.makeRow(), b.makeRow(), b.makeRow(), b.makeRow()];
    const made = b.makeBadRow();
    if (made === undefined) return skip("the destination refuses no row for what it holds");
    const bad = b.fixture.textField in made.fields ? b.withText(made, personal) : made;
    const fates = await b.driver.deliver([...good.slice(0, 2), bad, ...good.slice(2)].map((row) => b.as("add", row)));
    const fate = fates[2];
    expect(fates.map((one) => one.status === "rejected")).toEqual([false, false, true, false, false]);
    if (fate?.status === "rejected") {
      expect(fate.code).not.toBe("");
      expect(fate.message).not.toBe("");
      expect(fate.message.includes(personal)).toBe(false);
    }
    for (const row of good) expect(await b.held(row)).toBeDefined();
    expect(await b.held(bad)).toBeUndefined();
  });

  testCase("remove", "removes a row", async (b, skip) => {
    if (!b.target.ops.includes("remove")) skip("the target has no remove");
    const [stays, leaves] = [b.makeRow(), b.makeRow()];
    await b.driver.deliver([b.as("add", stays), b.as("add", leaves)]);
    const [fate] = await b.driver.deliver([b.as("remove", leaves)]);
    expect(fate?.status).toMatch(/delivered|accepted/);
    expect(await b.held(leaves)).toBeUndefined();
    expect(await b.held(stays)).toBeDefined();
  });

  testCase("remove-absent", "counts the removal of what is not there as delivered", async (b, skip) => {
    if (!b.target.ops.includes("remove")) skip("the target has no remove");
    const [there, absent] = [b.makeRow(), b.makeRow()];
    await b.driver.deliver([b.as("add", there)]);
    const fates = await b.driver.deliver([b.as("remove", absent), b.as("remove", there)]);
    for (const fate of fates) expect(fate.status).toMatch(/delivered|accepted/);
    expect(await b.held(there)).toBeUndefined();
  });

  testCase("update-only", "never creates in mode update: what is not there is NOT_FOUND", async (b, skip) => {
    if (!b.target.modes.includes("update")) skip("the target has no mode update");
    if (b.target.kind === "stream") skip("a stream cannot know what is there");
    const [there, absent] = [b.makeRow(), b.makeRow()];
    await b.driver.deliver([b.as("add", there)]);
    const fates = await b.driver.deliver(
      [b.as("add", b.withText(absent, "new")), b.as("add", b.withText(there, "changed"))],
      {
        mode: "update",
      },
    );
    expect(fates[0]).toMatchObject({ status: "rejected", code: "NOT_FOUND" });
    expect(fates[1]?.status).toMatch(/delivered|accepted/);
    expect(await b.held(absent)).toBeUndefined();
    expect((await b.held(there))?.[b.fixture.textField]).toBe("changed");
  });

  testCase("insert-only", "never changes what is there in mode insert", async (b, skip) => {
    if (!b.target.modes.includes("insert")) skip("the target has no mode insert");
    if (b.target.kind === "stream") skip("a stream cannot know what is there");
    const [there, absent] = [b.makeRow(), b.makeRow()];
    await b.driver.deliver([b.as("add", b.withText(there, "first"))]);
    await b.driver.deliver([b.as("add", b.withText(there, "second")), b.as("add", absent)], { mode: "insert" });
    expect((await b.held(there))?.[b.fixture.textField]).toBe("first");
    expect(await b.held(absent)).toBeDefined();
  });

  testCase("only-if-empty", "writes an only_if_empty field only where the destination's is empty", async (b, skip) => {
    if (!b.target.onlyIfEmpty) skip("the target does not offer only_if_empty");
    const [full, empty] = [b.makeRow(), b.makeRow()];
    await b.driver.deliver([b.as("add", b.withText(full, "kept")), b.as("add", b.withText(empty, null))]);
    await b.driver.deliver([b.as("update", b.withText(full, "late")), b.as("update", b.withText(empty, "late"))], {
      onlyIfEmpty: [b.fixture.textField],
    });
    expect((await b.held(full))?.[b.fixture.textField]).toBe("kept");
    expect((await b.held(empty))?.[b.fixture.textField]).toBe("late");
  });
}

function valueCases(testCase: TestCase): void {
  for (const [what, text] of Object.entries(texts)) {
    testCase("unicode", `carries ${what} unchanged, or refuses the row with a reason`, async (b) => {
      const [row, other] = [b.withText(b.makeRow(), text), b.makeRow()];
      const [fate, otherFate] = await b.driver.deliver([b.as("add", row), b.as("add", other)]);
      expect(otherFate?.status).toMatch(/delivered|accepted/);
      if (what === "NUL" && fate?.status === "rejected") return expect(fate.code).not.toBe("");
      expect(fate?.status).toMatch(/delivered|accepted/);
      expect((await b.held(row))?.[b.fixture.textField]).toBe(text);
    });
  }

  testCase("null-written", "empties a field that became NULL", async (b) => {
    const row = b.makeRow();
    await b.driver.deliver([b.as("add", b.withText(row, "something"))]);
    await b.driver.deliver([b.as("update", b.withText(row, null))]);
    expect((await b.held(row))?.[b.fixture.textField] ?? "").toBe("");
  });

  testCase("null-skipped", "leaves alone a field that the payload does not hold", async (b, skip) => {
    if (b.target.kind === "stream") skip("a stream holds nothing that could be left alone");
    const row = b.makeRow();
    await b.driver.deliver([b.as("add", b.withText(row, "kept"))]);
    const { [b.fixture.textField]: _left, ...fields } = row.fields;
    const mixed = b.makeRow();
    await b.driver.deliver([b.as("update", { ...row, fields }), b.as("add", mixed)]);
    expect((await b.held(row))?.[b.fixture.textField]).toBe("kept");
    expect((await b.held(mixed))?.[b.fixture.textField]).toEqual(mixed.fields[b.fixture.textField]);
  });

  testCase("oversize", "delivers or refuses a row of 10 MB, and its neighbours with or without it", async (b) => {
    const [before, huge, after] = [b.makeRow(), b.withText(b.makeRow(), "x".repeat(10_000_000)), b.makeRow()];
    const fates = await b.driver.deliver([before, huge, after].map((row) => b.as("add", row)));
    expect([fates[0]?.status, fates[2]?.status].every((status) => /delivered|accepted/.test(status ?? ""))).toBe(true);
    expect(fates[1]?.status).toMatch(/delivered|accepted|rejected/);
    if (fates[1]?.status === "rejected") expect(fates[1].message.length).toBeLessThan(2_000);
    if (fates[1]?.status === "delivered") {
      expect(String((await b.held(huge))?.[b.fixture.textField]).length).toBe(10_000_000);
      if (b.target.ops.includes("remove")) await b.driver.deliver([b.as("remove", huge)]);
    }
  });
}
