import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ConfigError } from "../../../src/core/errors.ts";
import type { Column } from "../../../src/core/relation.ts";
import type { Row, Value } from "../../../src/core/value.ts";
import { sql } from "../../../src/warehouse/sql.ts";
import { type Bench, hard, N } from "./bench.ts";

export function valuesContract(bench: () => Bench): void {
  describe("values", () => {
    it("brings every type back as it went in, and NULL apart from empty text", async () => {
      const columns: readonly Column[] = [
        N,
        { name: "t", type: "text" },
        { name: "i", type: "int" },
        { name: "f", type: "float" },
        { name: "d", type: "decimal" },
        { name: "b", type: "bool" },
        { name: "day", type: "date" },
        { name: "inst", type: "timestamp" },
        { name: "j", type: "json" },
        { name: "raw", type: "bytes" },
      ];
      const rows: readonly Row[] = [
        {
          n: 1,
          t: "Ann",
          i: 42,
          f: 0.1,
          d: "12.5",
          b: true,
          day: "2024-02-29",
          inst: "2024-01-02T03:04:05.123456Z",
          j: { a: [1, null, "x"] },
          raw: "AAEC/w==",
        },
        {
          n: 2,
          t: "",
          i: "9223372036854775807",
          f: -1e300,
          d: "12345678901234567890.123456789",
          b: false,
          day: "0001-01-01",
          inst: "1969-12-31T23:59:59.000000Z",
          j: "text",
          raw: "",
        },
        { n: 3, t: null, i: null, f: null, d: null, b: null, day: null, inst: null, j: null, raw: null },
        {
          n: 4,
          t: "x",
          i: -9007199254740991,
          f: 0,
          d: "-0.000000001",
          b: true,
          day: "9999-12-31",
          inst: "2024-01-02T03:04:05.120000Z",
          j: [{ deep: true }],
          raw: "AA==",
        },
      ];
      const table = await bench().tableOf(columns, rows);
      expect(await bench().all(table)).toEqual(rows);
    });

    it("keeps hard texts as data and as bound values", async () => {
      const texts = bench().contract.noNul === undefined ? [...hard, "nul\u0000inside"] : hard;
      const table = await bench().tableOf(
        [N, { name: "t", type: "text" }],
        texts.map((t, n) => ({ n, t })),
      );
      expect((await bench().all(table)).map(({ t }) => t)).toEqual(texts);
      for (const text of texts) {
        const found = await bench().read((session) =>
          session.query(
            sql`select t from ${bench().dialect.relation(table)} where t = ${text}`,
            z.object({ t: z.string() }),
          ),
        );
        expect(found).toEqual([{ t: text }]);
      }
    });

    it("keeps a text of many megabytes", async () => {
      const long = "ü".repeat(bench().contract.slow === true ? 500_000 : 5_000_000);
      const table = await bench().tableOf([N, { name: "t", type: "text" }], [{ n: 1, t: long }]);
      const [row] = await bench().all(table);
      expect(row?.t === long).toBe(true);
    });

    it("binds a JSON value that looks like a statement instead of running it", async () => {
      const trap: Value = { text: "1; drop table people", values: [] };
      const [row] = await bench().read((session) =>
        session.query(
          sql`select cast(${trap} as ${bench().dialect.typeName("text")}) as v`,
          z.object({ v: z.string() }),
        ),
      );
      expect(JSON.parse(row?.v ?? "")).toEqual(trap);
    });
  });

  describe("names", () => {
    it.each(['x"y', "with space", "ünï 名前", "select", "a'; drop table t; --", "Mixed.Case"])(
      "holds a table and a column called %s",
      async (name) => {
        if (bench().contract.cannotName?.test(name)) {
          expect(() => bench().dialect.ident(name)).toThrow(ConfigError);
          return;
        }
        const table = bench().fresh(name);
        await bench().tableOf([N, { name, type: "text" }], [{ n: 1, [name]: "here" }], table);
        expect(await bench().all(table)).toEqual([{ n: 1, [name]: "here" }]);
        expect((await bench().read((session) => session.describe(table)))?.map((c) => c.name)).toEqual(["n", name]);
      },
    );

    it("refuses a name that no engine can hold", () => {
      expect(() => bench().dialect.ident("")).toThrow(/empty/);
      expect(() => bench().dialect.ident("a\u0000b")).toThrow(/NUL/);
    });

    it("describes what there is, in order, and nothing where there is none", async () => {
      const table = await bench().tableOf([N, { name: "z", type: "text" }, { name: "a", type: "bool" }], []);
      const found = await bench().read((session) => session.describe(table));
      expect(found?.map(({ name, type }) => [name, type])).toEqual([
        ["n", "int"],
        ["z", "text"],
        ["a", "bool"],
      ]);
      expect(await bench().read((session) => session.describe(bench().fresh("not_there")))).toBeNull();
      expect(await bench().read((session) => session.describe({ schema: "no_such_schema", name: "t" }))).toBeNull();
    });
  });
}
