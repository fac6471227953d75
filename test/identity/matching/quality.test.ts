import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { comparedColumns } from "../../bench/matching/columns.ts";
import { generate } from "../../bench/matching/people.ts";
import { profiles } from "../../bench/matching/profiles.ts";
import { type LabelledSet, runSet } from "../../bench/matching/run-set.ts";
import { type IdentityLab, openIdentityLab } from "../../support/identity-lab.ts";

/** The short form of `npm run bench -- matching`: few people, told apart by the default weights at the fixed threshold. */
const floors = [
  ["usual", 0.88, 0.94],
  ["languages", 0.85, 0.87],
] as const;

function few(name: "usual" | "languages"): LabelledSet {
  const profile = profiles[name];
  if (profile === undefined) throw new Error(`no profile ${name}`);
  const rows = generate({ ...profile, seed: 101, people: 300 }).map((row): LabelledSet["rows"][number] => ({ ...row }));
  const columns = Object.keys(rows[0] ?? {}).filter((column) => column !== "email");
  return { name, compare: comparedColumns(columns), key: "id", person: "person", rows };
}

describe("matching by default weights at 0.95, on three hundred generated people", () => {
  let lab: IdentityLab;
  beforeAll(async () => {
    lab = await openIdentityLab({});
  }, 240_000);
  afterAll(() => lab?.close());

  it.each(floors)(
    "finds who is one person: %s, F1 of %f and a precision of %f or more",
    async (name, f1, precision) => {
      const set = few(name);
      expect(set.rows.length).toBeGreaterThan(500);
      const { quality, pairs } = await runSet(lab, set);
      expect(quality.f1).toBeGreaterThan(f1);
      expect(quality.precision).toBeGreaterThan(precision);
      // blocks spare it nearly all pairs
      expect(pairs).toBeLessThan(set.rows.length * 10);
    },
    240_000,
  );
});
