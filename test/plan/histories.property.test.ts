import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Mode } from "../../src/core/sync.ts";
import { LedgerLab } from "../support/ledger-lab.ts";
import { History, type Step, type World } from "../support/plan-history.ts";
import type { ModelRow, Scope } from "../support/plan-reference.ts";

/** Many more than a day's work needs: `MILLRACE_HISTORIES=5000 npx vitest run test/plan/histories`. */
const histories = Number(process.env.MILLRACE_HISTORIES ?? 60);

let lab: LedgerLab;
beforeAll(async () => {
  lab = await LedgerLab.open();
});
afterAll(() => lab.close());

const modes: readonly Mode[] = ["mirror", "upsert", "insert", "update", "append", "remove"];

/** Few keys and few e-mails, so that they meet; a place of the model mostly keeps its own key, so that people have a past. */
const row = fc.record({
  id: fc.constantFrom("own", "own", "own", "own", "own", "1", "2", null),
  email: fc.constantFrom("a", "b", "c", "a", "b", "c", "d", null, ""),
  value: fc.constantFrom("1", "2", "1", "x", null),
});

const scope: fc.Arbitrary<Scope> = fc.oneof(
  { weight: 14, arbitrary: fc.constant("changes" as const) },
  { weight: 3, arbitrary: fc.constant("rejects" as const) },
  { weight: 2, arbitrary: fc.constant("full" as const) },
  { weight: 1, arbitrary: fc.constantFrom("adopt" as const, "rebuild" as const) },
);

/** A step edits places of the model: most rows stay as they are. */
const edits = fc.array(fc.tuple(fc.nat(4), fc.option(row, { freq: 5 })), { minLength: 1, maxLength: 5 });

const fate = fc.oneof(
  { weight: 6, arbitrary: fc.constant("delivered" as const) },
  { weight: 1, arbitrary: fc.constant("accepted" as const) },
  { weight: 2, arbitrary: fc.constant("rejected" as const) },
  { weight: 1, arbitrary: fc.constant("retry" as const) },
  { weight: 2, arbitrary: fc.constant("unknown" as const) },
);

const history = fc.record({
  world: fc.record({
    byMatch: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    moves: fc.boolean(),
    snapshot: fc.oneof({ weight: 1, arbitrary: fc.constant(true) }, { weight: 4, arbitrary: fc.constant(false) }),
    once: fc.boolean(),
    retry: fc.constantFrom("on_change" as const, "always" as const, { times: 2 }),
  }),
  mode: fc.constantFrom<Mode>("mirror", "mirror", "mirror", ...modes),
  steps: fc.array(
    fc.record({
      edits,
      fates: fc.array(fate, { minLength: 1, maxLength: 5 }),
      scope,
      mode: fc.option(fc.constantFrom(...modes), { freq: 12 }),
      mapping: fc.option(fc.nat(1), { freq: 5 }),
      applied: fc.boolean(),
      resolves: fc.boolean(),
    }),
    { minLength: 2, maxLength: 6 },
  ),
});

let made = 0;

test("plans and settles every history as the reference does", { timeout: 3_600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(history, ({ world, mode: first, steps }) =>
      lab.warehouse.session("write", async (session) => {
        made += 1;
        const run = new History(session, world, `history-${made}`);
        const places: (ModelRow | null)[] = Array.from({ length: 6 }, () => null);
        let mode = first;
        let mapping = 0;
        let appended = false;
        let last: Step | null = null;
        for (const step of steps) {
          mode = step.mode ?? mode;
          appended ||= mode === "append" || mode === "insert";
          mapping = step.mapping ?? mapping;
          for (const [place, edited] of step.edits) {
            places[place] = edited && { ...edited, id: edited.id === "own" ? `${(place % 4) + 1}` : edited.id };
          }
          const model = places.filter((found) => found !== null);
          const fates = step.fates.map((status) => (status === "unknown" && !world.once ? "retry" : status));
          last = { ...step, model, mode, mapping, fates };
          await run.step(last);
        }
        if (last !== null) await settlesDown(run, last, world, appended);
        await run.end();
      }),
    ),
    {
      numRuns: histories,
      // Shrinking takes minutes: `MILLRACE_SHRINK=1 MILLRACE_SEED=…` does it.
      endOnFailure: process.env.MILLRACE_SHRINK === undefined,
      ...(process.env.MILLRACE_SEED && { seed: Number(process.env.MILLRACE_SEED) }),
    },
  );
});

/** Once everything is delivered nothing is left to send, and the platform holds what the ledger says. */
async function settlesDown(run: History, last: Step, world: World, appended: boolean): Promise<void> {
  const calm: Step = { ...last, fates: ["delivered"], resolves: true, scope: "full" };
  await run.step(calm);
  // What a row of this plan held (an e-mail, for instance) may be free only now.
  let left = 1;
  for (let i = 0; i < 4 && left > 0; i += 1) left = (await run.step({ ...calm, scope: "changes" })).plan.total;
  expect(left).toBe(0);
  const present = run.books.ledger.filter((held) => held.state === "present");
  // Where a key is sent once only, its later identifiers are not; everywhere else a record is one row's.
  if (world.byMatch && !appended) {
    expect(new Set(present.map((held) => held.ident)).size).toBe(present.length);
  }
  if (run.platform === null) return;
  const fields = (content: string | null): string => {
    const [mapping = "", value = ""] = (content ?? "").split(":");
    const n = value === "NULL" ? null : Number(value);
    return JSON.stringify(mapping === "0" ? { n } : { n, tag: Number(mapping) });
  };
  expect(Object.fromEntries(run.platform)).toEqual(
    Object.fromEntries(present.map((held) => [world.byMatch ? held.ident : held.key, fields(held.content)])),
  );
}
