import { expect, test } from "vitest";
import * as delivery from "../../src/core/delivery-errors.ts";
import * as errors from "../../src/core/errors.ts";

const details = { hint: "mend it", context: { sync: "s" }, cause: new Error("below") };

const all = [
  new errors.ConfigError("m", details),
  new errors.EnvMissing("m", details),
  new errors.RelationMissing("m", details),
  new errors.IdentityStateOlder("m", details),
  new errors.ColumnMissing("m", details),
  new errors.WarehouseBusy("m", details),
  new errors.WarehouseFailed("m", details),
  new errors.GrantMissing("m", details),
  new errors.DbtFailed("m", details),
  new errors.StoreFailed("m", details),
  new errors.LeaseHeld("m", details),
  new errors.FenceLost("m", details),
  new errors.StateDiverged("m", details),
  new errors.PlanSuperseded("m", details),
  new errors.LedgerBoundElsewhere("m", details),
  new errors.ContractError("m", details),
  new errors.Interrupted("m", details),
  new delivery.RateLimited("m", { ...details, retryAfterMs: 5 }),
  new delivery.QuotaExhausted("m", details),
  new delivery.Unavailable("m", { ...details, retryAfterMs: 5 }),
  new delivery.OutcomeUnknown("m", details),
  new delivery.AuthFailed("m", details),
  new delivery.BatchRefused("m", { ...details, reason: "INVALID_FIELD" }),
  new delivery.TargetInvalid("m", details),
];

test("every error has a code of its own, a hint, its context and its cause", () => {
  const classes = [...Object.values(errors), ...Object.values(delivery)].filter(
    (made) => made !== errors.MillraceError && made !== delivery.DeliveryError,
  );
  expect(all.map((error) => error.constructor).toSorted(byName)).toEqual(classes.toSorted(byName));
  expect(new Set(all.map((error) => error.code)).size).toBe(all.length);
  for (const error of all) {
    expect(error).toBeInstanceOf(errors.MillraceError);
    expect(error).toMatchObject({
      message: "m",
      hint: "mend it",
      context: { sync: "s" },
      name: error.constructor.name,
    });
    expect(error.cause).toBe(details.cause);
  }
});

const byName = (a: unknown, b: unknown): number => (String(a) < String(b) ? -1 : 1);

test("wrong configuration ends with 2, a foreign ledger with 4, everything else with 1", () => {
  const ends = (code: number) => all.filter((error) => error.exitCode === code).map((error) => error.code);
  expect(ends(2)).toEqual(["CONFIG", "ENV_MISSING"]);
  expect(ends(4)).toEqual(["LEDGER_BOUND_ELSEWHERE"]);
  expect(ends(1)).toHaveLength(all.length - 3);
});

test("what may succeed later says so, and when, where the platform does", () => {
  const later = all.filter((error) => error.retry === "later").map((error) => error.code);
  expect(later).toEqual([
    "WAREHOUSE_BUSY",
    "LEASE_HELD",
    "FENCE_LOST",
    "INTERRUPTED",
    "DEST_RATE_LIMITED",
    "DEST_QUOTA_EXHAUSTED",
    "DEST_UNAVAILABLE",
    "DEST_OUTCOME_UNKNOWN",
  ]);
  expect(new delivery.RateLimited("m", { hint: "", retryAfterMs: 1_500 }).retryAfterMs).toBe(1_500);
  expect(new delivery.Unavailable("m", { hint: "" }).retryAfterMs).toBeNull();
  expect(new delivery.OutcomeUnknown("m", { hint: "", retryAfterMs: 2 }).retryAfterMs).toBe(2);
  expect(new delivery.BatchRefused("m", { hint: "", reason: "INVALID_FIELD" }).reason).toBe("INVALID_FIELD");
});
