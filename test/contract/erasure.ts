import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AuthFailed, OutcomeUnknown, RateLimited, Unavailable } from "../../src/core/delivery-errors.ts";
import { type Bench, createBench } from "./connector-bench.ts";
import type { ContractRow } from "./connector-driver.ts";
import type { ConnectorFixture } from "./connector-fixture.ts";

/** A target that only removes: people who ask to be forgotten. `readState` returns whoever the destination still knows. */
export interface ErasureFixture
  extends Omit<ConnectorFixture, "textField" | "mode" | "makeBadRow" | "skips" | "fieldless"> {
  /** Makes the destination know them. */
  seed(rows: readonly ContractRow[]): Promise<void>;
  /** What the destination cannot find anybody by, though it is written like an identifier. */
  makeUnreadableRow?(n: number): ContractRow;
}

/** The cases of the connector contract that a target without adds can have. */
export function erasureContract(name: string, open: () => Promise<ErasureFixture>): void {
  describe(`connector contract: ${name}`, () => {
    let fixture: ErasureFixture | undefined;
    let bench: Bench | undefined;
    const opened = (): { readonly f: ErasureFixture; readonly b: Bench } => {
      if (fixture === undefined || bench === undefined) throw new Error("the fixture did not open");
      return { f: fixture, b: bench };
    };
    beforeAll(async () => {
      fixture = await open();
      bench = createBench({ ...fixture, mode: "remove", textField: "", fieldless: true });
    });
    afterAll(async () => {
      await bench?.driver.close();
      await fixture?.close?.();
    });
    beforeEach(() => fixture?.behave?.());
    const seeded = async (count: number): Promise<readonly ContractRow[]> => {
      const { f, b } = opened();
      const rows = Array.from({ length: count }, b.makeRow);
      await f.seed(rows);
      return rows;
    };
    const erase = (rows: readonly ContractRow[]) => rows.map((row) => opened().b.as("remove", row));

    test("removes, and nothing else", () => {
      const { b, f } = opened();
      expect([b.target.ops, b.target.modes]).toEqual([["remove"], ["remove"]]);
      expect(b.target.options.safeParse({ ...Object(f.options), no_such_key: 1 }).success).toBe(false);
      const options: unknown = b.target.options.parse(f.options);
      expect(b.target.requests?.(options, b.driver.plan([]).sync) ?? 0).toBe(0);
    });

    test("erases whom the model lists, and leaves everybody else", async () => {
      const { b } = opened();
      const [stays, ...leave] = await seeded(4);
      const fates = await b.driver.deliver(erase(leave));
      for (const fate of fates) expect(fate.status).toMatch(/delivered|accepted/);
      for (const row of leave) expect(await b.held(row)).toBeUndefined();
      expect(stays === undefined ? undefined : await b.held(stays)).toBeDefined();
    });

    test("counts who is not there, or was erased before, as done", async () => {
      const { b } = opened();
      const rows = [...(await seeded(1)), b.makeRow()];
      for (let time = 1; time <= 2; time++) {
        const fates = await b.driver.deliver(erase(rows));
        for (const fate of fates) expect(fate.status).toMatch(/delivered|accepted/);
      }
    });

    test("refuses a row without an identifier alone", async () => {
      const { b } = opened();
      const [row] = await seeded(1);
      if (row === undefined) return;
      const nobody = { ...row, key: "nobody", match: Object.fromEntries(Object.keys(row.match).map((k) => [k, null])) };
      const fates = await b.driver.deliver(erase([nobody, row]));
      expect(fates.map((fate) => fate.status === "rejected")).toEqual([true, false]);
      expect(await b.held(row)).toBeUndefined();
    });

    test("refuses what it cannot read alone", async (context) => {
      const { b, f } = opened();
      const unreadable = f.makeUnreadableRow?.(1);
      if (unreadable === undefined) return context.skip("the destination reads any identifier");
      const [row] = await seeded(1);
      if (row === undefined) return;
      const fates = await b.driver.deliver(erase([unreadable, row]));
      expect(fates.map((fate) => fate.status === "rejected")).toEqual([true, false]);
      expect(JSON.stringify(fates)).not.toContain(String(Object.values(unreadable.match)[0]));
    });

    for (const kind of ["server-error", "no-answer"] as const) {
      for (const applied of [false, true]) {
        test(`survives ${kind} ${applied ? "after" : "before"} applying, and erases in the end`, async (context) => {
          const { b, f } = opened();
          if (f.misbehave === undefined) return context.skip("the destination cannot be told to misbehave");
          const rows = await seeded(1);
          const run = b.driver.plan(erase(rows));
          await f.misbehave({ kind, applied });
          const error = await b.sends(run);
          expect(error).toBeInstanceOf(OutcomeUnknown);
          expect(error).not.toBeInstanceOf(Unavailable);
          b.assertDiscreet(error);
          expect((await b.driver.send(run))[0]?.status).toMatch(/delivered|accepted/);
          for (const row of rows) expect(await b.held(row)).toBeUndefined();
        });
      }
    }

    test("reports 429 with its Retry-After, applied nothing, and erases later", async (context) => {
      const { b, f } = opened();
      if (f.misbehave === undefined) return context.skip("the destination does not limit rates");
      const rows = await seeded(1);
      const run = b.driver.plan(erase(rows));
      await f.misbehave({ kind: "rate-limit", retryAfter: "7" });
      const error = await b.sends(run);
      expect(error).toBeInstanceOf(RateLimited);
      expect((error as RateLimited).retryAfterMs).toBeGreaterThan(5_000);
      for (const row of rows) expect(await b.held(row)).toBeDefined();
      await b.driver.send(run);
      for (const row of rows) expect(await b.held(row)).toBeUndefined();
    });

    test("fails with AuthFailed on wrong credentials, and does not tell them", async (context) => {
      const { b, f } = opened();
      if (f.wrongAccount === undefined) return context.skip("the account has no credentials");
      const stranger = b.drive(f.wrongAccount);
      const error = await stranger.deliver(erase(await seeded(1))).catch((thrown: unknown) => thrown);
      await stranger.close();
      expect(error).toBeInstanceOf(AuthFailed);
      b.assertDiscreet(error);
    });
  });
}
