import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Relation } from "../../../src/core/relation.ts";
import { sql } from "../../../src/warehouse/sql.ts";
import type { Warehouse } from "../../../src/warehouse/warehouse.ts";
import { type Bench, cells, hard, N } from "./bench.ts";

export function castsContract(bench: () => Bench): void {
  describe("casts and JSON", () => {
    /** The text of each column through tryCast. */
    const castAll = async (table: Relation, name: string, type: Parameters<Warehouse["dialect"]["tryCast"]>[2]) => {
      const d = bench().dialect;
      const c = await bench().column(table, name);
      const cast = d.tryCast(d.ident(name), c, type);
      return (await bench().all(table, sql`${d.json(cast, { type })} as v`)).map(({ v }) => v);
    };
    const texts = (values: readonly (string | null)[]) =>
      bench().tableOf(
        [N, { name: "v", type: "text" }],
        values.map((v, n) => ({ n, v })),
      );

    it.each([
      [
        "number",
        ["12.50", "-3", "1e3", " 7 ", "12345678901234567890.5", "abc", "1_000", "1,5", "", "nan", "0x10", null],
        ["12.5", "-3", "1000", "7", '"12345678901234567890.5"', null, null, null, null, null, null, null],
      ],
      [
        "integer",
        ["12", "12.0", "1e3", "1.5", "9007199254740993", "x", "", null],
        ["12", "12", "1000", null, '"9007199254740993"', null, null, null],
      ],
      [
        "boolean",
        ["yes", "No", "1", "0", "TRUE", "f", "on", "off", "2", "maybe", "", null],
        ["true", "false", "true", "false", "true", "false", "true", "false", null, null, null, null],
      ],
      [
        "date",
        [
          "2024-02-29",
          "2024-02-30",
          "2024-01-02T23:30:00-02:00",
          "2024-01-02 03:04:05",
          "02/01/2024",
          "infinity",
          "",
          null,
        ],
        ['"2024-02-29"', null, '"2024-01-03"', '"2024-01-02"', null, null, null, null],
      ],
      [
        "datetime",
        [
          "2024-01-02T03:04:05Z",
          "2024-01-02T03:04:05.5+02:00",
          "2024-01-02",
          "2024-01-02 03:04",
          "yesterday",
          "infinity",
          null,
        ],
        [
          '"2024-01-02T03:04:05Z"',
          '"2024-01-02T01:04:05.500000Z"',
          '"2024-01-02T00:00:00Z"',
          '"2024-01-02T03:04:00Z"',
          null,
          null,
          null,
        ],
      ],
      [
        "json",
        ['{"a": [1, null]}', "5", '"x"', "{broken", "ann", "", null],
        ['{"a":[1,null]}', "5", '"x"', null, null, null, null],
      ],
      ["text", ['a"b\\', "", null], ['"a\\"b\\\\"', '""', null]],
    ] as const)("casts text to %s, NULL where it cannot be", async (type, given, expected) => {
      const table = await texts(given);
      expect(await castAll(table, "v", type)).toEqual(expected);
    });

    it("does not round a fraction to an integer", async () => {
      const table = await bench().tableOf(
        [N, { name: "v", type: "decimal" }, { name: "f", type: "float" }],
        [
          { n: 1, v: "1.5", f: 2.5 },
          { n: 2, v: "2", f: 3 },
        ],
      );
      expect(await castAll(table, "v", "integer")).toEqual([null, "2"]);
      expect(await castAll(table, "f", "integer")).toEqual([null, "3"]);
    });

    it("writes numbers that JavaScript would bend as strings", async () => {
      const table = await bench().tableOf(
        [N, { name: "i", type: "int" }, { name: "d", type: "decimal" }, { name: "f", type: "float" }],
        [
          { n: 1, i: 9007199254740991, d: "123456.789", f: 0.1 },
          { n: 2, i: "9007199254740992", d: "1234567.123456789", f: 0.30000000000000004 },
          { n: 3, i: "-9007199254740992", d: "-1.000000000", f: 100 },
          { n: 4, i: 0, d: "9007199254740992", f: -0 },
          { n: 5, i: null, d: null, f: null },
        ],
      );
      const json = async (name: string) => {
        const c = await bench().column(table, name);
        return (await bench().all(table, sql`${bench().dialect.json(bench().dialect.ident(name), c)} as v`)).map(
          ({ v }) => v,
        );
      };
      expect(await json("i")).toEqual(["9007199254740991", '"9007199254740992"', '"-9007199254740992"', "0", null]);
      expect(await json("d")).toEqual(["123456.789", '"1234567.123456789"', "-1", '"9007199254740992"', null]);
      expect(await json("f")).toEqual(["0.1", "0.30000000000000004", "100", "0", null]);
    });

    it("builds one JSON object per row that parses back to the values", async () => {
      const values: readonly (string | null)[] = [...hard, "", null];
      const table = await texts(values);
      const d = bench().dialect;
      const c = await bench().column(table, "v");
      const value = d.json(d.ident("v"), c);
      const object = d.jsonObject([
        ['na"me', value],
        ["skipped", value, "skip"],
        ["constant", d.jsonLiteral({ deep: ["O'Brien", 1, null] })],
        ["nothing", d.jsonLiteral(null)],
      ]);
      const found = (await bench().all(table, sql`${object} as v`)).map(({ v }) => JSON.parse(String(v)) as unknown);
      expect(found).toEqual(
        values.map((v) => ({
          'na"me': v,
          ...(v === null ? {} : { skipped: v }),
          constant: { deep: ["O'Brien", 1, null] },
          nothing: null,
        })),
      );
    });

    it("leaves no comma behind where every member is skipped", async () => {
      const d = bench().dialect;
      const none = d.jsonLiteral(null);
      const object = d.jsonObject([
        ["a", none, "skip"],
        ["b", none, "skip"],
      ]);
      expect(
        await bench().read((session) => session.query(sql`select ${object} as v, ${d.jsonObject([])} as w`, cells)),
      ).toEqual([{ v: "{}", w: "{}" }]);
    });

    it("takes a member out of a JSON object by its exact name", async () => {
      const d = bench().dialect;
      for (const name of ["email", 'a"b', "a.b", "a/b~c", "$", "é 😀"]) {
        if (bench().contract.cannotLookFor?.test(name)) continue;
        const object = d.jsonLiteral({ [name]: "it", other: "no" });
        const rows = await bench().read((session) =>
          session.query(sql`select ${d.jsonMember(object, name)} as v, ${d.jsonMember(object, "missing")} as w`, cells),
        );
        expect(rows).toEqual([{ v: "it", w: null }]);
      }
    });

    it("spells text constants out for DDL", async () => {
      for (const text of hard) {
        const view = bench().fresh();
        await bench().write((session) =>
          session.execute([
            sql`create view ${bench().dialect.relation(view)} as select ${bench().dialect.textLiteral(text)} as v`,
          ]),
        );
        expect(
          await bench().read((session) => session.query(sql`select v from ${bench().dialect.relation(view)}`, cells)),
        ).toEqual([{ v: text }]);
      }
    });

    it("knows what time it is, in UTC", async () => {
      const [row] = await bench().read((session) =>
        session.query(sql`select ${bench().dialect.now()} as v`, z.object({ v: z.iso.datetime() })),
      );
      expect(Math.abs(Date.parse(row?.v ?? "") - Date.now())).toBeLessThan(60_000);
    });
  });
}
