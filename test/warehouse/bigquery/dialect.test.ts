import { describe, expect, it } from "vitest";
import { ConfigError } from "../../../src/core/errors.ts";
import { createTable } from "../../../src/state/schema.ts";
import { nativeTypeOf, readerFor } from "../../../src/warehouse/bigquery/cells.ts";
import { createBigQueryDialect } from "../../../src/warehouse/bigquery/index.ts";
import { scriptOf } from "../../../src/warehouse/bigquery/literals.ts";
import { raw, sql } from "../../../src/warehouse/sql.ts";

// What the emulator cannot run, as text.
const dialect = createBigQueryDialect();

describe("the text of BigQuery's dialect", () => {
  it("partitions a plan by ranges of its seq, within the 10,000 partitions of a table, and clusters it", () => {
    const [statement] = dialect.replaceTable({ schema: "millrace", name: "plan__a" }, raw("select 1 as seq"), "seq");
    expect(statement?.text.replace(/\s+/g, " ")).toBe(
      "create or replace table `millrace`.`plan__a` partition by range_bucket(`seq`, generate_array(0, 300000000, 100000)) cluster by `seq` as select 1 as seq",
    );
  });

  it("keeps results and runs by the day, ledgers by their key", () => {
    const made = (readBy: Parameters<typeof createTable>[3]) =>
      createTable(dialect, { schema: "millrace", name: "t" }, [{ name: "x", type: "text" }], readBy).text;
    expect(made({ days: "at" })).toBe(
      "create table if not exists `millrace`.`t` (`x` string) partition by timestamp_trunc(`at`, day)",
    );
    expect(made({ key: "key" })).toBe("create table if not exists `millrace`.`t` (`x` string) cluster by `key`");
    expect(made(undefined)).toBe("create table if not exists `millrace`.`t` (`x` string)");
  });

  it("looks for a member whose name no JSONPath can hold by the name itself", () => {
    expect(dialect.jsonMember(raw("x"), 'a"b').text).toBe(
      "json_value(safe.parse_json(x, wide_number_mode => 'round')['a\"b'])",
    );
    expect(dialect.jsonMember(raw("x"), "a.b").text).toBe("json_value(x, '$.\"a.b\"')");
    expect(dialect.jsonMember(raw("x"), "$").text).toBe("json_value(x, '$.\"$\"')");
  });

  it("spreads ranges in two steps, for an array ends at 100 MB", () => {
    expect(dialect.joinRanges(raw("a"), raw("b")).text).toContain("generate_array(g.from_seq, g.to_seq, 100000)");
  });

  it("writes floats of any size as the other engines do", () => {
    const text = dialect.text(raw("x"), { name: "x", type: "float", nativeType: "FLOAT" }).text;
    for (const digits of ["%.15g", "%.16g", "%.17g"]) expect(text).toContain(digits);
  });

  it.each(["a`b", 'a"b', "a;b", "a.b", "a\\b", "x".repeat(301)])("refuses the name %s", (name) => {
    expect(() => dialect.ident(name)).toThrow(ConfigError);
  });
});

describe("a script", () => {
  it("binds typed, named parameters, and leaves question marks in texts alone", () => {
    const { query, parameters } = scriptOf([
      sql`insert into t values (${1}, ${"x"}, ${null}, ${1.5}, ${true}, ${{ a: 1 }}, '?', r'?\\d', \`?\`)`,
      sql`select ${"9"}`,
    ]);
    expect(query).toBe("insert into t values (@p1, @p2, @p3, @p4, @p5, @p6, '?', r'?\\d', `?`);\nselect @p7");
    expect(parameters.map(({ parameterType, parameterValue }) => [parameterType.type, parameterValue.value])).toEqual([
      ["INT64", "1"],
      ["STRING", "x"],
      ["STRING", null],
      ["FLOAT64", "1.5"],
      ["BOOL", "true"],
      ["STRING", '{"a":1}'],
      ["STRING", "9"],
    ]);
  });
});

describe("cells", () => {
  const read = (type: string, v: Parameters<ReturnType<typeof readerFor>>[0], more = {}) =>
    readerFor({ name: "c", type, ...more })(v);

  it("arrive as Millrace's values", () => {
    expect(read("INTEGER", "9007199254740993")).toBe("9007199254740993");
    expect(read("INTEGER", "42")).toBe(42);
    expect(read("FLOAT", "NaN")).toBeNull();
    expect(read("FLOAT", "-0.0")).toBe(0);
    expect(read("BIGNUMERIC", "12.50")).toBe("12.5");
    expect(read("BOOLEAN", "true")).toBe(true);
    expect(read("TIMESTAMP", "1704164645123456")).toBe("2024-01-02T03:04:05.123456Z");
    expect(read("TIMESTAMP", "-1")).toBe("1969-12-31T23:59:59.999999Z");
    expect(read("DATETIME", "2024-01-02T03:04:05.5")).toBe("2024-01-02T03:04:05.500000Z");
    expect(read("JSON", '{"n":12345678901234567890}')).toEqual({ n: "12345678901234567890" });
    expect(read("STRING", "")).toBe("");
    expect(read("STRING", null)).toBeNull();
  });

  it("of arrays and structs are lists and objects, with DDL's names for their types", () => {
    const fields = [
      { name: "a", type: "INTEGER" },
      { name: "b", type: "STRING", mode: "REPEATED" },
    ];
    const field = { name: "c", type: "RECORD", mode: "REPEATED", fields };
    const cell = [{ v: { f: [{ v: "1" }, { v: [{ v: "x" }] }] } }];
    expect(readerFor(field)(cell)).toEqual([{ a: 1, b: ["x"] }]);
    expect(nativeTypeOf(field)).toBe("ARRAY<STRUCT<a INTEGER, b ARRAY<STRING>>>");
    expect(nativeTypeOf({ name: "n", type: "NUMERIC", precision: "10", scale: "2" })).toBe("NUMERIC(10, 2)");
  });
});
