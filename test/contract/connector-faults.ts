import { expect } from "vitest";
import { AuthFailed, OutcomeUnknown, RateLimited, Unavailable } from "../../src/core/delivery-errors.ts";
import { type Bench, personal, type TestCase } from "./connector-bench.ts";

/** Trouble of the destination as a whole: thrown, with what it says about sending again. */
export function faultCases(testCase: TestCase): void {
  testCase(
    "wrong-credentials",
    "fails with AuthFailed on wrong credentials, and does not tell them",
    async (b, skip) => {
      if (b.fixture.wrongAccount === undefined) skip("the account has no credentials");
      const stranger = b.drive(b.fixture.wrongAccount);
      try {
        const error = await stranger.deliver([b.as("add", b.withText(b.makeRow(), personal))]).then(
          () => null,
          (thrown: unknown) => thrown,
        );
        expect(error).toBeInstanceOf(AuthFailed);
        b.assertDiscreet(error);
      } finally {
        await stranger.close();
      }
    },
  );

  const retryAfterForms: Readonly<Record<string, (b: Bench) => string>> = {
    seconds: () => "7",
    "a date": (b) => new Date(b.clock.now().getTime() + 7_000).toUTCString(),
  };
  for (const [form, retryAfter] of Object.entries(retryAfterForms)) {
    testCase(
      "rate-limit",
      `reports 429 with Retry-After as ${form}, applied nothing, and delivers later`,
      async (b, skip) => {
        if (b.fixture.misbehave === undefined) skip("the destination does not limit rates");
        const row = b.withText(b.makeRow(), personal);
        const run = b.driver.plan([b.as("add", row)]);
        await b.driver.deliver([b.as("add", b.makeRow())]);
        await b.fixture.misbehave?.({ kind: "rate-limit", retryAfter: retryAfter(b) });
        const error = await b.sends(run);
        expect(error).toBeInstanceOf(RateLimited);
        b.assertDiscreet(error);
        const waitMs = (error as RateLimited).retryAfterMs ?? -1;
        expect(waitMs).toBeGreaterThan(5_000);
        expect(waitMs).toBeLessThanOrEqual(7_000);
        expect(await b.held(row)).toBeUndefined();
        const [fate] = await b.driver.send(run);
        expect(fate?.status).toMatch(/delivered|accepted/);
        expect(await b.held(row)).toBeDefined();
      },
    );
  }

  for (const kind of ["server-error", "no-answer"] as const) {
    for (const applied of [false, true]) {
      const when = applied ? "after" : "before";
      testCase(kind, `survives ${kind} ${when} applying: never called delivered, never twice`, async (b, skip) => {
        if (b.fixture.misbehave === undefined) skip("the destination cannot be told to misbehave");
        const row = b.withText(b.makeRow(), personal);
        const run = b.driver.plan([b.as("add", row)]);
        await b.driver.deliver([b.as("add", b.makeRow())]);
        await b.fixture.misbehave?.({ kind, applied });
        const error = await b.sends(run);
        // Unavailable promises that nothing was applied; these two cannot promise it.
        expect(error).toBeInstanceOf(OutcomeUnknown);
        expect(error).not.toBeInstanceOf(Unavailable);
        b.assertDiscreet(error);
        if (b.once()) return;
        const [fate] = await b.driver.send(run);
        expect(fate?.status).toMatch(/delivered|accepted/);
        const held = await b.held(row);
        expect(held).toBeDefined();
        if (b.fixture.fieldless !== true) expect(held?.[b.fixture.textField]).toBe(personal);
      });
    }
  }

  testCase("expired-token", "renews expired credentials once and delivers", async (b, skip) => {
    if (b.fixture.misbehave === undefined) skip("the destination cannot be told to misbehave");
    if (b.fixture.connector.authenticate === undefined) skip("nothing to renew");
    await b.driver.deliver([b.as("add", b.makeRow())]);
    await b.fixture.misbehave?.({ kind: "expired-token" });
    const row = b.makeRow();
    const [fate] = await b.driver.deliver([b.as("add", row)]);
    expect(fate?.status).toMatch(/delivered|accepted/);
    expect(await b.held(row)).toBeDefined();
  });
}
