import { expect, test } from "vitest";
import { stateTables, syncTables } from "../../src/state/names.ts";

const ledger = (sync: string, maxIdentifier = 63): string => syncTables("millrace", sync, maxIdentifier).ledger.name;

test("names a sync's tables after it, in snake case, in the project's schema", () => {
  expect(syncTables("millrace_dev", "vips-to-salesforce", 63)).toEqual({
    ledger: { schema: "millrace_dev", name: "ledger__vips_to_salesforce" },
    plan: { schema: "millrace_dev", name: "plan__vips_to_salesforce" },
    rejects: { schema: "millrace_dev", name: "rejects__vips_to_salesforce" },
  });
  expect(ledger("vips_to_salesforce")).toBe("ledger__vips_to_salesforce");
  expect(stateTables("other").runs).toEqual({ schema: "other", name: "runs" });
});

test.each(["a-b_c", "a--b", "a-", "Ünïcode", "a.b", "a b", 'a"; drop', "UPPER", "日本"])(
  "sets %s apart by six characters of its hash",
  (sync) => {
    expect(ledger(sync)).toMatch(/^ledger__[a-z0-9_]*_[0-9a-f]{6}$/);
  },
);

test("cuts a long name and keeps names apart that are cut alike", () => {
  const long = "a".repeat(60);
  expect(ledger(`${long}-one`)).toHaveLength(63);
  expect(ledger(`${long}-one`)).toMatch(/^ledger__a{48}_[0-9a-f]{6}$/);
  expect(ledger(`${long}-one`)).not.toBe(ledger(`${long}-two`));
  expect(ledger("a".repeat(55))).toBe(`ledger__${"a".repeat(55)}`);
});

test("gives odd names of one snake case tables of their own", () => {
  const names = ["a-b", "a-b_c", "a_b-c", "a--b", "a__b", "a_b_", "A-B", "a.b", "a b"].map((sync) => ledger(sync));
  expect(new Set(names).size).toBe(names.length);
});
