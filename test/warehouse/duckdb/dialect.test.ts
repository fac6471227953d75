import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { systemClock } from "../../../src/core/clock.ts";
import type { FieldType } from "../../../src/core/sync.ts";
import { createDuckDbDialect, createDuckDbWarehouse, duckDbDialect } from "../../../src/warehouse/duckdb/index.ts";
import { join, raw, type Sql, sql } from "../../../src/warehouse/sql.ts";
import type { Session, Warehouse } from "../../../src/warehouse/warehouse.ts";

const cells = z.record(z.string(), z.unknown());
const d = duckDbDialect;

describe("DuckDB's dialect", () => {
  let folder: string;
  let warehouse: Warehouse;
  beforeAll(async () => {
    folder = await mkdtemp(joinPath(tmpdir(), "millrace-dialect-"));
    warehouse = createDuckDbWarehouse({ path: joinPath(folder, "w.duckdb"), clock: systemClock, threads: 1 });
  });
  afterAll(async () => {
    await warehouse.close();
    await rm(folder, { recursive: true });
  });

  const write = <T>(work: (session: Session) => Promise<T>) => warehouse.session("write", work);
  const ask = async (expression: Sql): Promise<unknown> => {
    const [row] = await warehouse.session("read", (session) => session.query(sql`select ${expression} as v`, cells));
    return row?.v;
  };
  const native = (nativeType: string) => ({ name: "v", type: "text", nativeType }) as const;

  /** type, literal, text, json, and what tryCast makes of it for each field type, as JSON. */
  const VALUES: readonly (readonly [
    type: string,
    literal: string,
    text: unknown,
    json: unknown,
    casts: Partial<Record<FieldType, string | null>>,
  ])[] = [
    [
      "TINYINT",
      "-7",
      "-7",
      "-7",
      { number: "-7", integer: "-7", boolean: null, text: '"-7"', date: null, datetime: null, json: "-7" },
    ],
    [
      "UBIGINT",
      "18446744073709551615",
      "18446744073709551615",
      '"18446744073709551615"',
      { integer: '"18446744073709551615"' },
    ],
    [
      "HUGEINT",
      "-170141183460469231731687303715884105728",
      "-170141183460469231731687303715884105728",
      '"-170141183460469231731687303715884105728"',
      { number: '"-170141183460469231731687303715884105728"' },
    ],
    ["UHUGEINT", "5", "5", "5", { number: "5" }],
    ["DECIMAL(10,2)", "12.50", "12.5", "12.5", { number: "12.5", integer: null, boolean: null, text: '"12.5"' }],
    ["DECIMAL(10,2)", "0.00", "0", "0", { boolean: "false", integer: "0" }],
    ["DECIMAL(38,0)", "100", "100", "100", { number: "100" }],
    [
      "DECIMAL(38,0)",
      "12345678901234567890",
      "12345678901234567890",
      '"12345678901234567890"',
      { integer: '"12345678901234567890"' },
    ],
    ["FLOAT", "0.1", "0.1", "0.1", { number: "0.1" }],
    ["DOUBLE", "'nan'", "nan", null, { number: null, integer: null, json: null }],
    ["DOUBLE", "'-infinity'", "-inf", null, { number: null }],
    ["DOUBLE", "1e15", "1000000000000000", "1000000000000000", { integer: "1000000000000000" }],
    ["DOUBLE", "1e22", "1e+22", "1e+22", { number: "1e+22" }],
    ["DOUBLE", "-0.0", "0", "0", {}],
    [
      "BOOLEAN",
      "true",
      "true",
      "true",
      { number: "1", integer: "1", boolean: "true", text: '"true"', json: "true", date: null },
    ],
    ["DATE", "'0044-03-15'", "0044-03-15", '"0044-03-15"', { datetime: '"0044-03-15T00:00:00Z"', number: null }],
    ["DATE", "'infinity'", "infinity", null, { date: null, datetime: null }],
    [
      "TIMESTAMP",
      "'2024-01-02 03:04:05'",
      "2024-01-02T03:04:05.000000Z",
      '"2024-01-02T03:04:05Z"',
      { date: '"2024-01-02"', datetime: '"2024-01-02T03:04:05Z"' },
    ],
    ["TIMESTAMP_S", "'2024-01-02 03:04:05'", "2024-01-02T03:04:05.000000Z", '"2024-01-02T03:04:05Z"', {}],
    ["TIMESTAMP_MS", "'2024-01-02 03:04:05.12'", "2024-01-02T03:04:05.120000Z", '"2024-01-02T03:04:05.120000Z"', {}],
    [
      "TIMESTAMP_NS",
      "'2024-01-02 03:04:05.123456789'",
      "2024-01-02T03:04:05.123456Z",
      '"2024-01-02T03:04:05.123456Z"',
      {},
    ],
    [
      "TIMESTAMP WITH TIME ZONE",
      "'2024-01-01 23:30:00-02:00'",
      "2024-01-02T01:30:00.000000Z",
      '"2024-01-02T01:30:00Z"',
      { date: '"2024-01-02"' },
    ],
    ["TIMESTAMP", "'infinity'", "infinity", null, { datetime: null, date: null }],
    [
      "JSON",
      `'{"b": 1,  "a": [null]}'`,
      '{"b": 1,  "a": [null]}',
      '{"b":1,"a":[null]}',
      { json: '{"b":1,"a":[null]}', number: null },
    ],
    ["JSON", `'"5"'`, '"5"', '"5"', { number: "5", integer: "5", text: '"5"' }],
    [
      "JSON",
      `'[NaN, "NaN", -Infinity, {"Infinity": "a\\"NaN"}]'`,
      undefined,
      '[null,"NaN",null,{"Infinity":"a\\"NaN"}]',
      {},
    ],
    ["INTEGER[]", "[1, null, 3]", "[1,null,3]", "[1,null,3]", { json: "[1,null,3]", number: null }],
    ["DOUBLE[]", "['nan']", undefined, "[null]", {}],
    ["STRUCT(a INTEGER, b VARCHAR)", "{'a': 1, 'b': 'x'}", '{"a":1,"b":"x"}', '{"a":1,"b":"x"}', {}],
    ["MAP(VARCHAR, INTEGER)", "map {'k': 1}", '{"k":1}', '{"k":1}', {}],
    ["BLOB", "'\\x00\\xFF'", "AP8=", '"AP8="', { text: '"AP8="' }],
    [
      "UUID",
      "'00000000-0000-0000-0000-00000000000a'",
      "00000000-0000-0000-0000-00000000000a",
      '"00000000-0000-0000-0000-00000000000a"',
      {},
    ],
    ["TIME", "'12:34:56'", "12:34:56", '"12:34:56"', {}],
    ["INTERVAL", "'2 days'", "2 days", '"2 days"', {}],
    ["ENUM('x', 'O''Brien')", "'O''Brien'", "O'Brien", `"O'Brien"`, { text: `"O'Brien"` }],
  ];

  it.each(VALUES)("writes %s %s", async (type, literal, text, json, casts) => {
    const value = raw(`cast(${literal} as ${type})`);
    const nothing = raw(`cast(null as ${type})`);
    const column = native(type);
    if (text !== undefined) expect(await ask(d.text(value, column))).toBe(text);
    const asText = (x: Sql) => sql`cast(${x} as varchar)`;
    expect(await ask(asText(d.json(value, column)))).toBe(json);
    expect([await ask(d.text(nothing, column)), await ask(asText(d.json(nothing, column)))]).toEqual([null, null]);
    for (const [name, expected] of Object.entries(casts)) {
      const fieldType = name as FieldType;
      expect([fieldType, await ask(asText(d.json(d.tryCast(value, column, fieldType), { type: fieldType })))]).toEqual([
        fieldType,
        expected,
      ]);
      expect(await ask(asText(d.json(d.tryCast(nothing, column, fieldType), { type: fieldType })))).toBeNull();
    }
  });

  it("refuses a text number that would vanish or not fit, rather than bend it", async () => {
    for (const text of ["1e-20", "1e30", "-1e300", "99999999999999999999999999999"]) {
      expect(await ask(d.tryCast(sql`cast(${text} as varchar)`, native("VARCHAR"), "number"))).toBeNull();
    }
    expect(await ask(d.tryCast(sql`cast(${"0e0"} as varchar)`, native("VARCHAR"), "number"))).toBe("0");
  });

  it("fingerprints a number alike whatever its column's width", async () => {
    const print = (type: string) => ask(sql`cast(${d.fastFingerprint([raw(`cast(5 as ${type})`)], "s")} as varchar)`);
    const prints = await Promise.all(["TINYINT", "INTEGER", "BIGINT", "HUGEINT"].map(print));
    expect(new Set(prints).size).toBe(1);
  });

  it("takes its name from the engine's release", async () => {
    expect(d.fingerprintEngine).toMatch(/^duckdb-hash@\d+\.\d+$/);
    expect(`v${d.fingerprintEngine.split("@")[1]}.`).toBe(String(await ask(raw("version()"))).replace(/\d+$/, ""));
  });

  it("takes a really different fast hash, under its own name, with the stable one unchanged", async () => {
    const other = createDuckDbDialect({
      fastHash: {
        name: "md5-number@1",
        of: (x, salt) =>
          sql`cast(md5_number_lower(concat_ws('|', ${join([sql`${salt}`, ...x])})) & 4611686018427387903 as bigint)`,
      },
    });
    const x = [raw("'a'"), raw("'b'")];
    expect(other.fingerprintEngine).toBe("md5-number@1");
    expect(await ask(sql`cast(${other.fastFingerprint(x, "s")} as varchar)`)).not.toBe(
      await ask(sql`cast(${d.fastFingerprint(x, "s")} as varchar)`),
    );
    expect(await ask(other.stableFingerprint(x, "s"))).toBe(await ask(d.stableFingerprint(x, "s")));
  });

  it("numbers rows densely in a table made from many threads", async () => {
    await write((session) =>
      session.execute([
        sql`set threads = 4`,
        sql`create table dense as select row_number() over () as seq, i from range(300000) t(i) where i % 3 <> 0`,
      ]),
    );
    const [row] = await warehouse.session("read", (session) =>
      session.query(
        sql`select count(*) as n, count(distinct seq) as d, min(seq) as lo, max(seq) as hi from dense`,
        cells,
      ),
    );
    expect(row).toEqual({ n: 200_000, d: 200_000, lo: 1, hi: 200_000 });
  });

  it("names a relation in another database", () => {
    expect(d.relation({ database: "a", schema: 'b"', name: "c" }).text).toBe('"a"."b"""."c"');
  });
});

describe("sql", () => {
  it("binds what merely looks like a statement", () => {
    const trap = { text: "drop table people", values: [] };
    expect(sql`select ${trap}`).toEqual({ text: "select ?", values: [trap] });
  });

  it("splices its own statements with their values in order", () => {
    const statement = sql`select ${1}, ${join([sql`a = ${"x"}`, raw("true")], " and ")}, ${null}`;
    expect(statement).toEqual({ text: "select ?, a = ? and true, ?", values: [1, "x", null] });
  });
});
