import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { systemClock } from "../../../src/core/clock.ts";
import type { FieldType } from "../../../src/core/sync.ts";
import type { SourceColumn } from "../../../src/warehouse/dialect.ts";
import { createPostgresDialect, createPostgresWarehouse } from "../../../src/warehouse/postgres/index.ts";
import { raw, type Sql, sql } from "../../../src/warehouse/sql.ts";
import type { Warehouse } from "../../../src/warehouse/warehouse.ts";
import { type Database, freshDatabase } from "../../support/postgres-database.ts";

const cells = z.record(z.string(), z.unknown());
const d = createPostgresDialect();

describe("Postgres' dialect", () => {
  let database: Database;
  let warehouse: Warehouse;
  beforeAll(async () => {
    database = await freshDatabase();
    await database.admin(`create type mood as enum ('x', 'O''Brien'); create domain small as integer; create domain smaller as small;
      create type pair as (a integer, b text)`);
    warehouse = createPostgresWarehouse({ url: database.url, schema: "millrace", clock: systemClock });
  });
  afterAll(async () => {
    await warehouse.close();
    await database.remove();
  });

  const query = async (statement: Sql) => warehouse.session("read", (session) => session.query(statement, cells));
  const ask = async (expression: Sql): Promise<unknown> => (await query(sql`select ${expression} as v`))[0]?.v;
  const native = (nativeType: string): SourceColumn => ({ name: "v", type: "text", nativeType });

  /** type, literal, text, json, and what tryCast makes of it for each field type, as JSON: as on the other engines. */
  const VALUES: readonly (readonly [
    type: string,
    literal: string,
    text: unknown,
    json: unknown,
    casts: Partial<Record<FieldType, string | null>>,
  ])[] = [
    [
      "smallint",
      "-7",
      "-7",
      "-7",
      { number: "-7", integer: "-7", boolean: null, text: '"-7"', date: null, json: "-7" },
    ],
    ["bigint", "9007199254740993", "9007199254740993", '"9007199254740993"', { integer: '"9007199254740993"' }],
    ["numeric(10,2)", "12.50", "12.5", "12.5", { number: "12.5", integer: null, boolean: null, text: '"12.5"' }],
    ["numeric(10,2)", "0.00", "0", "0", { boolean: "false", integer: "0" }],
    ["numeric(10,2)", "NaN", "NaN", null, { number: null, integer: null }],
    [
      "numeric",
      "12345678901234567890",
      "12345678901234567890",
      '"12345678901234567890"',
      { integer: '"12345678901234567890"' },
    ],
    ["numeric(38,9)", "NaN", "NaN", null, { number: null, integer: null }],
    ["numeric", "NaN", "NaN", null, { number: null, integer: null }],
    ["numeric", "Infinity", "Infinity", null, { number: null, integer: null }],
    ["numeric", "-Infinity", "-Infinity", null, { number: null, integer: null }],
    ["numeric", "100", "100", "100", { number: "100" }],
    ["real", "0.1", "0.1", "0.1", { number: "0.1" }],
    ["real", "1234567.5", "1234567.5", "1234567.5", {}],
    ["double precision", "NaN", "nan", null, { number: null, integer: null, json: null }],
    ["double precision", "-Infinity", "-inf", null, { number: null }],
    ["double precision", "1e15", "1000000000000000", "1000000000000000", { integer: "1000000000000000" }],
    ["double precision", "4503599627370495.5", "4503599627370495.5", "4503599627370495.5", { integer: null }],
    ["double precision", "1e22", "1e+22", "1e+22", { number: "1e+22" }],
    ["double precision", "0.00001", "1e-05", "1e-05", {}],
    ["double precision", "-0.0", "0", "0", {}],
    [
      "double precision",
      "0.30000000000000004",
      "0.30000000000000004",
      "0.30000000000000004",
      { number: "0.30000000000000004" },
    ],
    [
      "boolean",
      "true",
      "true",
      "true",
      { number: "1", integer: "1", boolean: "true", text: '"true"', json: "true", date: null },
    ],
    ["date", "0044-03-15", "0044-03-15", '"0044-03-15"', { datetime: '"0044-03-15T00:00:00Z"', number: null }],
    ["date", "infinity", "infinity", null, { date: null, datetime: null }],
    [
      "timestamp without time zone",
      "2024-01-02 03:04:05",
      "2024-01-02T03:04:05.000000Z",
      '"2024-01-02T03:04:05Z"',
      { date: '"2024-01-02"' },
    ],
    [
      "timestamp(3) without time zone",
      "2024-01-02 03:04:05.12",
      "2024-01-02T03:04:05.120000Z",
      '"2024-01-02T03:04:05.120000Z"',
      {},
    ],
    [
      "timestamp with time zone",
      "2024-01-01 23:30:00-02:00",
      "2024-01-02T01:30:00.000000Z",
      '"2024-01-02T01:30:00Z"',
      { date: '"2024-01-02"' },
    ],
    ["timestamp with time zone", "infinity", "infinity", null, { datetime: null, date: null }],
    [
      "json",
      '{"b": 1,  "a": [null, " x "]}',
      '{"b": 1,  "a": [null, " x "]}',
      '{"b":1,"a":[null," x "]}',
      { json: '{"b":1,"a":[null," x "]}', number: null },
    ],
    ["jsonb", '{"b": 1,  "a": [null]}', '{"a": [null], "b": 1}', '{"a":[null],"b":1}', {}],
    ["json", '"5"', '"5"', '"5"', { number: "5", integer: "5", text: '"5"' }],
    ["json", '"a\\u0000b"', '"a\\u0000b"', '"a\\u0000b"', { text: null, number: null }],
    ["json", '"\\ud83d\\ude00"', undefined, undefined, { text: '"😀"' }],
    ["json", '"\\ud83d"', undefined, undefined, { text: null }],
    ["integer[]", "{1,NULL,3}", "[1,null,3]", "[1,null,3]", { json: "[1,null,3]", number: null }],
    ["bytea", "\\x00ff", "AP8=", '"AP8="', { text: '"AP8="' }],
    [
      "uuid",
      "00000000-0000-0000-0000-00000000000a",
      "00000000-0000-0000-0000-00000000000a",
      '"00000000-0000-0000-0000-00000000000a"',
      {},
    ],
    ["time without time zone", "12:34:56", "12:34:56", '"12:34:56"', {}],
    ["interval", "2 days", "2 days", '"2 days"', {}],
    ["mood", "O'Brien", "O'Brien", `"O'Brien"`, { text: `"O'Brien"` }],
    ["character(5)", "ab", "ab", '"ab"', {}],
    ["inet", "10.0.0.1", "10.0.0.1/32", '"10.0.0.1/32"', {}],
  ];

  it.each(VALUES)("writes %s %s", async (type, literal, text, json, casts) => {
    const value = sql`cast(${d.textLiteral(literal)} as ${raw(type)})`;
    const nothing = raw(`cast(null as ${type})`);
    const column = native(type);
    if (text !== undefined) expect(await ask(d.text(value, column))).toBe(text);
    if (json !== undefined) expect(await ask(d.json(value, column))).toBe(json);
    expect([await ask(d.text(nothing, column)), await ask(d.json(nothing, column))]).toEqual([null, null]);
    for (const [name, expected] of Object.entries(casts)) {
      const fieldType = name as FieldType;
      expect([fieldType, await ask(d.json(d.tryCast(value, column, fieldType), { type: fieldType }))]).toEqual([
        fieldType,
        expected,
      ]);
      expect(await ask(d.json(d.tryCast(nothing, column, fieldType), { type: fieldType }))).toBeNull();
    }
  });

  it("never fails a statement over a text that cannot be cast, constant or not", async () => {
    const texts = [
      "9".repeat(200_000),
      "1e999",
      "-1e-999",
      "0000-01-01",
      "2023-02-29",
      "2100-02-29",
      "2024-13-01",
      "2024-01-01T24:00:00Z",
      "2024-01-01T00:00:00+16:00",
      "2024-01-01T00:00:00.12345678901234567890",
      "9999-12-31T23:59:59-15:59",
      "[".repeat(5_000),
      '"\\ud83d"',
      "\t",
      "NaN",
    ];
    await database.admin("create table hard (n int, v text)");
    await database.admin(
      texts.map((text, n) => `insert into hard values (${n}, '${text.replaceAll("'", "''")}')`).join(";"),
    );
    for (const type of ["number", "integer", "boolean", "date", "datetime", "json", "text"] as const) {
      const cast = (x: Sql) => d.json(d.tryCast(x, native("text"), type), { type });
      const columns = await query(sql`select ${cast(raw("v"))} as v from hard order by n`);
      expect(columns).toHaveLength(texts.length);
      for (const [n, text] of texts.entries()) expect(await ask(cast(d.textLiteral(text)))).toEqual(columns[n]?.v);
    }
  });

  it.each(["[]", "{}", '{"a":{"b":[1,2.5e-3,true,null,"x"]}}', '"\\u00e9"', "-0", " [ 1 , 2 ] ", '{"a":"}{[,"}'])(
    "takes %s for JSON",
    async (text) => {
      const cast = String(await ask(d.tryCast(d.textLiteral(text), native("text"), "json")));
      expect(JSON.parse(cast)).toEqual(JSON.parse(text));
      expect(cast).toBe(text.includes('"') ? text : text.replaceAll(" ", ""));
    },
  );

  it.each([
    "[1,]",
    "{a:1}",
    "01",
    "1 2",
    "tru",
    "[1 2]",
    '{"a" 1}',
    '{"a":1,}',
    "[",
    "]",
    '"a',
    "'a'",
    '"a\tb"',
    '"\\x"',
    "\u0001",
    "NaN",
    "1.",
    ".5",
    "+1",
    "{1:2}",
  ])("does not take %j for JSON", async (text) => {
    expect(await ask(d.tryCast(d.textLiteral(text), native("text"), "json"))).toBeNull();
  });

  it("rounds half away from zero, a float in binary as the other engines do", async () => {
    const round = (value: string, type: string, digits: number) =>
      ask(d.json(d.round(raw(`cast(${value} as ${type})`), native(type), digits), { type: "number" }));
    expect(await round("2.5", "numeric", 0)).toBe("3");
    expect(await round("-2.5", "double precision", 0)).toBe("-3");
    expect(await round("1.005", "double precision", 2)).toBe("1");
    expect(await round("1.005", "numeric", 2)).toBe("1.01");
    expect(await round("1e300", "double precision", 2)).toBe("1e+300");
    expect(await round("7", "bigint", 2)).toBe("7");
  });

  it("tells what stands behind a domain, and reads composites, arrays and enums", async () => {
    await database.admin(`create table odd (s smaller, m mood[], p pair, q text[]);
      insert into odd values (7, '{x,"O''Brien"}', '(1,"a b")', '{"a,b",NULL,"c\\"d"}')`);
    const columns = await warehouse.session("read", (session) => session.describe({ schema: "public", name: "odd" }));
    expect(columns?.map(({ type, nativeType }) => [type, nativeType])).toEqual([
      ["int", "integer"],
      ["json", "mood[]"],
      ["text", "pair"],
      ["json", "text[]"],
    ]);
    expect(await query(sql`select s, p, q from odd`)).toEqual([{ s: 7, p: '(1,"a b")', q: ["a,b", null, 'c"d'] }]);
  });

  it("fingerprints a number alike whatever its column's width, and every type that has a hash of its own or none", async () => {
    const print = (type: string) => ask(sql`cast(${d.fastFingerprint([raw(`cast(5 as ${type})`)], "s")} as text)`);
    const prints = await Promise.all(["smallint", "integer", "bigint"].map(print));
    expect(new Set(prints).size).toBe(1);
    for (const [type, literal] of VALUES) {
      const value = d.hashable(sql`cast(${d.textLiteral(literal)} as ${raw(type)})`, native(type));
      expect(await ask(d.fastFingerprint([value], "s")), type).not.toBeNull();
    }
    const point = d.hashable(raw("point '(1,2)'"), native("point"));
    expect(await ask(d.fastFingerprint([point], "s"))).not.toBeNull();
    const nothing = raw("cast(null as text)");
    expect(await ask(d.fastFingerprint([nothing], "1"))).not.toBe(await ask(d.fastFingerprint([nothing], "2")));
  });

  it("fingerprints more columns than a function has arguments", async () => {
    const many = Array.from({ length: 300 }, (_, i) => raw(`cast('c${i}' as text)`));
    expect(await ask(d.stableFingerprint(many, "s"))).toMatch(/^[0-9a-f]{32}$/);
    expect(await ask(d.fastFingerprint(many, "s"))).not.toBeNull();
    const object = d.jsonObject(many.map((value, i) => [`n${i}`, d.json(value, { type: "text" })]));
    expect(Object.keys(JSON.parse(String(await ask(object))) as object)).toHaveLength(300);
  });

  it("refuses a name that Postgres would cut off", () => {
    expect(() => d.ident("x".repeat(64))).toThrow(/longer than 63/);
    expect(() => d.ident("é".repeat(32))).toThrow(/longer than 63/);
  });

  it("puts values where question marks stand, and only there", async () => {
    const found = await query(sql`select '?' as a, ${"it"} as "b?", ${raw("'it''s ?'")} as c, ${null} as d`);
    expect(found).toEqual([{ a: "?", "b?": "it", c: "it's ?", d: null }]);
    const pages: unknown[] = [];
    await warehouse.session("read", async (session) => {
      const statement = sql`select '?' as a, cast(${"it's \\ a\ttab"} as text), cast(${null} as text), cast(${7} as bigint)`;
      for await (const page of session.stream(statement, 10)) pages.push(...page);
    });
    expect(pages).toEqual([["?", "it's \\ a\ttab", null, 7]]);
  });
});
