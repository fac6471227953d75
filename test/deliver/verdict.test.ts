import { expect, test } from "vitest";
import {
  AuthFailed,
  BatchRefused,
  OutcomeUnknown,
  QuotaExhausted,
  RateLimited,
  TargetInvalid,
  Unavailable,
} from "../../src/core/delivery-errors.ts";
import { ConfigError, Interrupted } from "../../src/core/errors.ts";
import { defaultDeliverSettings } from "../../src/deliver/settings.ts";
import { reasonOf, type Thrown, verdictOn } from "../../src/deliver/verdict.ts";

const hint = "h";
const errors = {
  rateLimited: new RateLimited("slow", { hint, retryAfterMs: 5_000 }),
  unavailable: new Unavailable("away", { hint }),
  longAway: new Unavailable("away", { hint, retryAfterMs: 4 * 3_600_000 }),
  unknown: new OutcomeUnknown("silence", { hint }),
  refused: new BatchRefused("no", { hint, reason: "NO" }),
  quota: new QuotaExhausted("enough", { hint }),
  auth: new AuthFailed("who", { hint }),
  invalid: new TargetInvalid("where", { hint }),
  config: new ConfigError("bad", { hint }),
  defect: new TypeError("x is not a function"),
};

function verdict(error: unknown, more: Partial<Thrown> = {}): string {
  const thrown = {
    error,
    resend: "idempotent",
    rows: 10,
    tries: 1,
    rateLimits: 1,
    touched: false,
    hasJob: false,
    ...more,
  } as const;
  const got = verdictOn(thrown, defaultDeliverSettings, () => 0.5);
  const fate = "fate" in got ? ` ${got.fate.status} ${"code" in got.fate ? got.fate.code : ""}` : "";
  const counts = "counts" in got ? (got.counts ? " counted" : " free") : "";
  const after = "afterMs" in got ? ` ${got.afterMs}` : "";
  return `${got.do}${fate}${counts}${after}`;
}

const table: [keyof typeof errors, idempotent: string, once: string, onceTouched: string][] = [
  ["rateLimited", "again free 5000", "again free 5000", "end unknown DEST_RATE_LIMITED"],
  ["unavailable", "again counted 500", "again counted 500", "end unknown DEST_UNAVAILABLE"],
  ["longAway", "halt retry DEST_UNAVAILABLE", "halt retry DEST_UNAVAILABLE", "halt unknown DEST_UNAVAILABLE"],
  ["unknown", "again counted 500", "end unknown DEST_OUTCOME_UNKNOWN", "end unknown DEST_OUTCOME_UNKNOWN"],
  ["refused", "split", "split", "end unknown DEST_REFUSED"],
  ["quota", "halt retry DEST_QUOTA_EXHAUSTED", "halt retry DEST_QUOTA_EXHAUSTED", "halt unknown DEST_QUOTA_EXHAUSTED"],
  ["auth", "halt retry DEST_AUTH_FAILED", "halt retry DEST_AUTH_FAILED", "halt unknown DEST_AUTH_FAILED"],
  ["invalid", "halt retry DEST_TARGET_INVALID", "halt retry DEST_TARGET_INVALID", "halt unknown DEST_TARGET_INVALID"],
  ["config", "end retry CONFIG", "end unknown CONFIG", "end unknown CONFIG"],
  ["defect", "again counted 500", "end unknown CONTRACT", "end unknown CONTRACT"],
];

test.each(table)(
  "%s: %s where resending is harmless, %s where it is not, %s once something was applied",
  (name, idempotent, once, touched) => {
    expect(verdict(errors[name])).toBe(idempotent);
    expect(verdict(errors[name], { resend: "once" })).toBe(once);
    expect(verdict(errors[name], { resend: "once", touched: true })).toBe(touched);
    expect(verdict(errors[name], { touched: true })).toBe(idempotent);
  },
);

test("tries come to an end; being rate limited is none, for a while", () => {
  expect(verdict(errors.unavailable, { tries: 6 })).toBe("end retry DEST_UNAVAILABLE");
  expect(verdict(errors.unknown, { tries: 6 })).toBe("end retry DEST_OUTCOME_UNKNOWN");
  expect(verdict(errors.defect, { tries: 6 })).toBe("end retry CONTRACT");
  expect(verdict(errors.rateLimited, { tries: 6 })).toBe("again free 5000");
  expect(verdict(errors.rateLimited, { tries: 6, rateLimits: 101 })).toBe("end retry DEST_RATE_LIMITED");
});

test("a recorded job is asked for, not made again; a refused one is not there", () => {
  for (const resend of ["idempotent", "once"] as const) {
    expect(verdict(errors.unknown, { resend, hasJob: true, touched: true })).toBe("poll 500");
    expect(verdict(errors.rateLimited, { resend, hasJob: true, touched: true })).toBe("poll 5000");
    expect(verdict(errors.auth, { resend, hasJob: true })).toBe("halt retry DEST_AUTH_FAILED");
  }
  expect(verdict(errors.refused, { hasJob: true })).toBe("split");
});

test("a refused row that stands alone is the one", () => {
  expect(verdict(errors.refused, { rows: 1 })).toBe("reject");
});

test("reasons hold codes and no addresses, and exceptions of other origin keep their words to themselves", () => {
  expect(reasonOf(new Unavailable("ann@example.com is away", { hint: "ask ann@example.com" }))).toEqual({
    code: "DEST_UNAVAILABLE",
    message: "… is away",
    hint: "ask …",
  });
  expect(reasonOf(new TypeError("cannot read ann")).message).not.toContain("ann");
  expect(reasonOf("thrown text").code).toBe("CONTRACT");
  expect(reasonOf(new Interrupted("stop", { hint })).code).toBe("INTERRUPTED");
});
