import { inspect } from "node:util";
import { expect, test } from "vitest";
import type { Op } from "../../src/core/change.ts";
import type { Clock } from "../../src/core/clock.ts";
import { DeliveryError } from "../../src/core/delivery-errors.ts";
import type { Row } from "../../src/core/value.ts";
import type { Target } from "../../src/destinations/connector.ts";
import { type ContractRow, type ContractRun, createDriver, type Driver, testClock } from "./connector-driver.ts";
import type { ConnectorFixture, ContractCase } from "./connector-fixture.ts";

/** Stands for a person's data in bad rows and in faults; must not show in any message. */
export const personal = "Wilhelmina.Personal@private.example";

/** What the cases work with: the fixture, a driver for its account, and words for what they do with rows. */
export interface Bench {
  readonly fixture: ConnectorFixture;
  readonly driver: Driver;
  readonly clock: Clock;
  readonly target: Target;
  /** A row that no case has used yet. */
  makeRow(): ContractRow;
  makeBadRow(): ContractRow | undefined;
  as(op: Op, row: ContractRow): ContractRow & { readonly op: Op };
  withText(row: ContractRow, text: string | null): ContractRow;
  /** What the destination holds of the row. */
  held(row: ContractRow): Promise<Row | undefined>;
  /** May an unanswered batch of this target not be sent again? */
  once(): boolean;
  drive(account: unknown): Driver;
  /** The error that sending must end with. */
  sends(run: ContractRun): Promise<unknown>;
  /** A delivery error with a hint, and without secrets and personal data in any part of it. */
  assertDiscreet(error: unknown): void;
}

export function createBench(fixture: ConnectorFixture): Bench {
  const clock = fixture.clock ?? testClock();
  const target = fixture.connector.targets[fixture.target];
  if (target === undefined) throw new Error(`${fixture.connector.id} has no target ${fixture.target}`);
  let rows = 0;
  const makeRow = () => {
    rows += 1;
    return fixture.makeRow(rows);
  };
  const as: Bench["as"] = (op, row) => ({ ...row, op, fields: op === "remove" ? {} : row.fields });
  const drive = (account: unknown): Driver =>
    createDriver({
      connector: fixture.connector,
      account,
      target: fixture.target,
      options: fixture.options,
      mode: fixture.mode ?? (target.modes.includes("mirror") ? "mirror" : "upsert"),
      clock,
      secrets: fixture.secrets,
      timeoutMs: fixture.timeoutMs,
    });
  const driver = drive(fixture.account);
  return {
    fixture,
    driver,
    clock,
    target,
    makeRow,
    as,
    drive,
    makeBadRow() {
      rows += 1;
      return fixture.makeBadRow?.(rows);
    },
    withText: (row, text) => ({ ...row, fields: { ...row.fields, [fixture.textField]: text } }),
    async held(row) {
      const wanted = Object.keys(row.match).length > 0 ? row.match : { key: row.key };
      const found = (await fixture.readState()).filter((have) =>
        Object.entries(wanted).every(([name, value]) => String(have[name]) === String(value)),
      );
      expect(found.length, "the destination holds a record twice").toBeLessThanOrEqual(1);
      return found[0];
    },
    once() {
      const run = driver.plan([as("add", makeRow())]);
      return target.shape(target.options.parse(fixture.options), run.sync).resend === "once";
    },
    sends: (run) =>
      driver.send(run).then(
        () => {
          throw new Error("the fault did not surface as an error");
        },
        (error: unknown) => error,
      ),
    assertDiscreet(error) {
      expect(error).toBeInstanceOf(DeliveryError);
      const told = inspect(error, { depth: 12, showHidden: false, maxStringLength: null }) + JSON.stringify(error);
      for (const secret of [...fixture.secrets, personal]) {
        expect(told.includes(secret), "an error tells a secret or a person's data").toBe(false);
      }
      expect((error as DeliveryError).hint.length).toBeGreaterThan(0);
    },
  };
}

export type TestCase = (
  id: ContractCase | null,
  title: string,
  run: (bench: Bench, skip: (why: string) => never) => Promise<void>,
) => void;

/** Cases that a fixture can skip by name, with its reason. */
export function casesOf(bench: () => Bench): TestCase {
  return (id, title, run) => {
    test(title, async (context) => {
      const skip = (why: string): never => context.skip(why) as never;
      const reason = id === null ? undefined : bench().fixture.skips?.[id];
      if (reason !== undefined) skip(reason);
      await bench().fixture.behave?.();
      await run(bench(), skip);
    });
  };
}
