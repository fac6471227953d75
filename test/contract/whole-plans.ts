import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Op } from "../../src/core/change.ts";
import type { Mode } from "../../src/core/sync.ts";
import type { Row, Value } from "../../src/core/value.ts";
import type { Connector } from "../../src/destinations/connector.ts";
import type { SandboxConfigInput } from "../../src/sandbox/config.ts";
import type { Seen } from "../../src/sandbox/core/exchange.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { type StandInName, sandboxAccount } from "../../src/sandbox/stand-ins.ts";
import type { Found } from "../support/api-descriptions.ts";
import { type ContractRow, createDriver, type Driver, testClock } from "./connector-driver.ts";

/** What a connector is held to over whole plans: what they cost, what the vendor describes, what random rows do. */
export interface WholePlans {
  readonly connector: Connector;
  readonly name: StandInName;
  /** Of the stand-in. Jobs should be done at the first poll. */
  readonly settings?: SandboxConfigInput;
  readonly account?: Row;
  readonly secrets: readonly string[];
  readonly targets: Readonly<Record<string, PlanOf | readonly PlanOf[]>>;
  /** The vendor's description, and requests it does not hold: the reason why by a pattern of "METHOD /path". */
  readonly description?: {
    readonly found: Found;
    readonly undescribed?: readonly (readonly [RegExp, string])[];
    /** Faults that are the description's own: the reason why by a pattern of the fault. */
    readonly mistaken?: readonly (readonly [RegExp, string])[];
  };
}

export interface PlanOf {
  readonly options: Row;
  readonly mode: Mode;
  row(n: number): Pick<ContractRow, "match" | "fields">;
  readonly costs: readonly PlanCost[];
  /** Names of fields that random rows fill; identifiers get random text, too. */
  readonly fuzz: readonly string[];
  /** Names of fields that every random row has, because a sync without them is refused. */
  readonly needed?: readonly string[];
  /** Makes what must be there beforehand; `url` is the stand-in's. */
  seed?(url: string): Promise<void>;
}

export interface PlanCost {
  readonly op: Op;
  /** Default 10,000. Fewer where every row is a request of its own. */
  readonly rows?: number;
  /** The fewest requests that the platform's batch sizes allow for them, sign-in and preparing left out. */
  readonly least: number;
  /** Requests that count: reads of a prepared list, for instance, do not. Default: all but sign-in. */
  readonly counts?: (seen: Seen) => boolean;
}

/** At most this much over the fewest requests that are possible. */
const margin = 1.05;

export function wholePlans(plans: WholePlans): void {
  const clock = testClock();
  const drivers: Driver[] = [];
  const seen: Seen[] = [];
  let sandbox: Sandbox;
  beforeEach(async () => {
    seen.length = 0;
    sandbox = await startSandbox({
      port: 0,
      clock,
      observe: (one) => seen.push(one),
      ...(plans.settings && { config: plans.settings }),
    });
  });
  afterEach(async () => {
    for (const driver of drivers.splice(0)) await driver.close();
    await sandbox.close();
  });

  const drive = async (target: string, { options, mode, seed }: PlanOf): Promise<Driver> => {
    await seed?.(`${sandbox.url}/${plans.name}`);
    const driver = createDriver({
      connector: plans.connector,
      account: { ...sandboxAccount(plans.connector.id, sandbox.url), ...plans.account },
      target,
      options,
      mode,
      clock,
      secrets: plans.secrets,
    });
    drivers.push(driver);
    seen.length = 0;
    return driver;
  };
  const rowsOf = (plan: PlanOf, op: Op, count: number) =>
    Array.from({ length: count }, (_, n) => {
      const { match, fields } = plan.row(n);
      return { key: `k${n}`, op, match, fields: op === "remove" ? {} : fields };
    });
  const all = Object.entries(plans.targets).flatMap(([target, plan]) =>
    (Array.isArray(plan) ? (plan as readonly PlanOf[]) : [plan as PlanOf]).map((one) => [target, one] as const),
  );
  const named = (target: string, { options }: PlanOf) =>
    Object.keys(options).length === 0 ? target : `${target} ${JSON.stringify(options)}`;

  describe(`${plans.name}: requests of whole plans`, () => {
    for (const [target, plan] of all) {
      test(`${named(target, plan)} costs at most ${margin} × the fewest`, { timeout: 120_000 }, async () => {
        const driver = await drive(target, plan);
        for (const { op, rows = 10_000, least, counts = () => true } of plan.costs) {
          const run = driver.plan(rowsOf(plan, op, rows));
          const before = seen.length;
          const fates = await driver.send(run);
          for (const fate of fates) expect(fate.status).toMatch(/delivered|accepted/);
          const sent = seen.slice(before).filter((one) => !isSignIn(one) && counts(one)).length;
          console.info(
            `${plans.name} ${named(target, plan)}: ${Math.ceil((sent * 10_000) / rows)} requests per 10,000 changes (${op})`,
          );
          expect(sent).toBeLessThanOrEqual(least * margin);
          expect(sent).toBeGreaterThanOrEqual(1);
        }
      });
    }
  });

  const { description } = plans;
  if (description !== undefined) {
    describe(`${plans.name}: requests against the vendor's description`, () => {
      for (const [target, plan] of all) {
        test(`${named(target, plan)} has no fault`, async (context) => {
          if ("skip" in description.found) return context.skip(description.found.skip);
          const driver = await drive(target, plan);
          for (const op of new Set(plan.costs.map((cost) => cost.op))) await driver.deliver(rowsOf(plan, op, 7));
          const found = description.found.description;
          const checked = seen
            .filter((one) => !isSignIn(one))
            .map((one) => {
              const path = one.path.replace(new RegExp(`^/${plans.name}(?=/)`), "");
              return { what: `${one.method} ${path}`, faults: found.requestFaults({ ...one, path }) };
            });
          const undescribed = description.undescribed ?? [];
          const mistaken = description.mistaken ?? [];
          const faulty = checked.filter(({ what, faults }) =>
            faults === null
              ? !undescribed.some(([pattern]) => pattern.test(what))
              : faults.some((fault) => !mistaken.some(([pattern]) => pattern.test(fault))),
          );
          expect(faulty).toEqual([]);
          expect(checked.length).toBeGreaterThan(0);
          expect(await (await fetch(`${sandbox.url}/_sandbox/violations`)).json()).toEqual([]);
        });
      }
    });
  }

  describe(`${plans.name}: random rows`, () => {
    for (const [target, plan] of all) {
      test(`all get a result from ${named(target, plan)}`, { timeout: 120_000 }, async () => {
        const driver = await drive(target, plan);
        const ops = [...new Set(plan.costs.map((cost) => cost.op))];
        let runs = 0;
        await fc.assert(
          fc.asyncProperty(randomRows(plan, ops), async (rows) => {
            runs += 1;
            // Plans of one identifier again and again must not meet the platform's rates: they are about bursts.
            await clock.sleep(60_000);
            const fates = await driver.deliver(
              rows.map(({ fields, ...row }, i) => ({
                ...row,
                key: `k${runs}-${i}`,
                fields: row.op === "remove" ? {} : fields,
              })),
            );
            expect(fates).toHaveLength(rows.length);
            for (const fate of fates) expect(["delivered", "accepted", "rejected", "retry"]).toContain(fate.status);
          }),
          { numRuns: 25 },
        );
      });
    }
  });
}

const isSignIn = ({ path }: Seen): boolean => /oauth|\/token\b|\/identity\//.test(path);

const anyValue: fc.Arbitrary<Value> = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("", "O'Brien", "\u0000", "x".repeat(40_000)),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 }),
);
const identifier: fc.Arbitrary<Value> = fc.oneof(
  fc.emailAddress(),
  fc.constantFrom("+4915112345678", "1", "0"),
  fc.string({ unit: "grapheme" }),
  fc.constant(null),
);

/** A plan never holds one identifier twice: such rows are refused before. */
function randomRows({ row: sample, fuzz, needed = [] }: PlanOf, ops: readonly Op[]) {
  const identifiers = Object.keys(sample(1).match);
  const some = fuzz.length === 0 ? fc.constant({}) : fc.dictionary(fc.constantFrom(...fuzz), anyValue);
  const always = fc.record(Object.fromEntries(needed.map((name) => [name, anyValue])));
  const row = fc.record({
    match: fc.record(Object.fromEntries(identifiers.map((name) => [name, identifier]))),
    fields: fc.tuple(some, always).map(([a, b]) => ({ ...a, ...b })),
    op: fc.constantFrom(...ops),
  });
  const selector = ({ match }: { readonly match: Row }) =>
    Object.values(match)
      .map((value) => String(value).trim().toLowerCase())
      .join("\n");
  return fc.uniqueArray(row, { maxLength: 10, selector });
}
