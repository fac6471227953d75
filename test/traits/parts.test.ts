import { describe, expect, it } from "vitest";
import type { Declarations, TraitDeclaration, TraitRule } from "../../src/core/declared.ts";
import { rowRoomOf } from "../../src/core/row-room.ts";
import { compileTraits } from "../../src/traits/compile-traits.ts";
import { cut, partNames, rowBytes, widestValue, widthOf } from "../../src/traits/parts.ts";
import { choices } from "../support/random-world.ts";

const seed = Number(process.env.MILLRACE_SEED ?? 11);
const room = rowRoomOf(["duckdb", "postgres"]);
if (room === undefined) throw new Error("Postgres ends before a project may");

const trait = (name: string, rule: TraitRule, as?: TraitDeclaration["as"]): TraitDeclaration => ({
  name,
  rule,
  as,
  where: [],
  within: undefined,
  fallback: undefined,
  type: as ?? "unknown",
  history: false,
  origin: { file: "traits/orders.yml", line: 1 },
});
const source = {
  model: "orders",
  profile: { namespace: "user_id", column: "customer" },
  at: "at_time",
  key: "n",
  arrived: undefined,
  where: [],
};
const declared = (traits: readonly TraitDeclaration[], more: Partial<Declarations> = {}): Declarations => ({
  events: [],
  traitFiles: [{ name: "orders", file: "traits/orders.yml", source, traits }],
  segments: [],
  lifecycles: [],
  golden: null,
  timeZone: "UTC",
  excluded: [],
  room,
  ...more,
});
const many = (count: number, make: (i: number) => TraitDeclaration): TraitDeclaration[] =>
  Array.from({ length: count }, (_, i) => make(i));
const counts = (count: number) => many(count, (i) => trait(`t${i}`, { kind: "count", column: null }));
const models = (all: Declarations): Map<string, string> =>
  new Map(compileTraits(all).map(({ path, text }) => [path.replace("traits/", "").replace(".sql", ""), text]));
const partsOf = (all: Declarations, whole: string): [string, string][] =>
  [...models(all)].filter(([name]) => name.startsWith(`${whole}_part_`));
/** The columns that a model ends in. */
const selected = (text: string): string[] =>
  (text.slice(text.lastIndexOf("select")).split("\nfrom")[0] ?? "")
    .split("\n")
    .slice(1)
    .map((line) => line.trim().replace(/,$/, "").replace(/^.*\./, ""));

describe("cut", () => {
  it(`puts everything into one part, in order, and no part over its bytes (MILLRACE_SEED=${seed})`, () => {
    const random = choices(seed);
    for (let round = 0; round < 200; round++) {
      const items = Array.from({ length: random.below(900) }, (_, id) => ({ id, width: random.of([8, 24]) }));
      const beside = [widestValue, ...Array.from({ length: random.below(4) }, () => 8)];
      const bytes = random.of([300, 2032, 8160]);
      const parts = cut(items, { beside, widthOf: ({ width }) => width, bytes });
      expect(parts.flat()).toEqual(items);
      for (const [i, part] of parts.entries()) {
        const widths = [...beside, ...part.map(({ width }) => width)];
        expect(rowBytes(widths)).toBeLessThanOrEqual(bytes);
        // and as few parts as can be
        const next = parts[i + 1]?.[0];
        if (next !== undefined) expect(rowBytes([...widths, next.width])).toBeGreaterThan(bytes);
      }
    }
  });
});

describe("partNames", () => {
  it("passes over names that are taken", () => {
    expect(partNames("traits__orders", 3, new Set(["traits__orders_part_2"]))).toEqual([
      "traits__orders_part_1",
      "traits__orders_part_3",
      "traits__orders_part_4",
    ]);
  });

  it("cuts what Postgres would, and keeps two of them apart", () => {
    const [a = "", b = ""] = ["a", "b"].flatMap((end) => partNames(`traits__${"x".repeat(50)}${end}`, 1, new Set()));
    expect(a.length).toBeLessThanOrEqual(63);
    expect(a).toMatch(/_part_1$/);
    expect(a).not.toBe(b);
  });
});

describe("compileTraits", () => {
  it("leaves in one table what a row has room for, and what runs elsewhere", () => {
    const fitting = declared(counts(990));
    expect([...models(fitting).keys()]).toEqual(["traits__orders", "profile_traits", "traits.yml"]);
    expect(compileTraits(fitting)).toEqual(compileTraits({ ...fitting, room: undefined }));
    const beyond = declared(counts(1300), { room: undefined });
    expect([...models(beyond).keys()]).toEqual(["traits__orders", "profile_traits", "traits.yml"]);
  });

  it("has every trait in one part of its file and one of the profiles, and shows all in order", () => {
    const traits = [
      ...counts(700),
      ...many(300, (i) => trait(`x${i}`, { kind: "last", column: "label" }, "text")),
      ...many(200, (i) => trait(`s${i}`, { kind: "sum", column: "amount" })),
      ...many(20, (i) => trait(`r${i}`, { kind: "ratio", of: `t${i}`, to: `t${i + 1}` })),
    ];
    const all = declared(traits, { golden: ["email", "phone"] });
    const names = traits.map(({ name }) => name);
    const byName = new Map(traits.map((each) => [each.name, each]));
    const inFile = partsOf(all, "traits__orders").map(([, text]) =>
      names.filter((name) => new RegExp(` as ${name}\\b`).test(text)),
    );
    expect(inFile.flat()).toEqual(names.slice(0, 1200));
    const profiles = partsOf(all, "profile_traits").map(([, text]) => selected(text));
    expect(profiles[0]).toEqual(["profile_id", "email", "phone"]);
    expect(profiles.flatMap(([, ...own]) => own)).toEqual(["email", "phone", ...names]);
    for (const [, ...own] of profiles) {
      const widths = own.map((name) => {
        const found = byName.get(name);
        return found === undefined ? widestValue : widthOf(found);
      });
      expect(rowBytes([widestValue, ...widths])).toBeLessThanOrEqual(room.compactBytes);
    }
    expect(selected(models(all).get("profile_traits") ?? "")).toEqual(["profile_id", "email", "phone", ...names]);
  });

  it("computes a trait from parts before its own, and joins no others", () => {
    const expression = (text: string) => trait("late", { kind: "expression", text });
    const last = (text: string): string => {
      const parts = partsOf(declared([...counts(1300), expression(text)], { golden: ["email"] }), "profile_traits");
      return parts.at(-1)?.[1] ?? "";
    };
    const joined = (text: string): string[] => last(text).match(/(?<=ref\('profile_traits_)part_\d+/g) ?? [];
    // The first has everybody.
    expect(joined("T3 + t1299")).toEqual(["part_1", "part_2"]);
    expect(last("T3 + t1299")).toContain("profile_traits_part_2.t3");
    expect(joined("case when email like '%@example.com' then 1 end")).toEqual(["part_1", "part_1"]);
    expect(joined("{{ some_macro() }}")).toEqual([
      "part_1",
      "part_1",
      "part_2",
      "part_3",
      "part_4",
      "part_5",
      "part_6",
    ]);
  });

  it("gives no part the name of another file's table", () => {
    const two = declared(counts(1300));
    const [one] = two.traitFiles;
    if (one === undefined) throw new Error("one file");
    const other = { ...one, name: "orders_part_1", traits: [trait("o", { kind: "count", column: null })] };
    const names = compileTraits({ ...two, traitFiles: [one, other] }).map(({ path }) => path);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("traits/traits__orders_part_3.sql");
  });
});
