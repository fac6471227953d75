import { DuckDBInstance } from "@duckdb/node-api";
import { describe, expect, it } from "vitest";
import { ColumnMissing, RelationMissing, WarehouseFailed } from "../../../src/core/errors.ts";
import { lockHolder, mapError } from "../../../src/warehouse/duckdb/errors.ts";

/** What DuckDB itself throws for a statement. */
async function thrownBy(
  statements: readonly string[],
  config: Record<string, string> = { errors_as_json: "true" },
): Promise<unknown> {
  const instance = await DuckDBInstance.create(":memory:", config);
  const connection = await instance.connect();
  try {
    for (const statement of statements) await connection.run(statement);
  } catch (error) {
    return error;
  } finally {
    connection.disconnectSync();
    instance.closeSync();
  }
  throw new Error("did not fail");
}

const SETUP = [
  "create table people (email varchar unique, age integer not null, born date, height decimal(3, 1))",
  "insert into people values ('ann@example.com', 41, null, null)",
];

describe("mapError", () => {
  it.each([
    ["insert into people values ('ann@example.com', 1, null, null)", ["ann"]],
    ["insert into people values ('bob@example.com', null, null, null)", ["bob"]],
    ["select cast(email as integer) from people", ["ann"]],
    ["select cast('O''Brien ''x'' 1984-99-99' as date)", ["Brien", "1984"]],
    ["select cast('line one\nann@example.com' as integer)", ["line one", "ann"]],
    ["select strptime('ann 77', '%d')", ["ann", "77"]],
    ["select cast('{\"a\": ann@example.com' as json)", ["ann"]],
    ["select cast(555123 as tinyint)", ["555123"]],
    ["select cast(9223372036854775807 as bigint) + 4711", ["9223372036854775807", "4711"]],
    ["insert into people values ('c', 1, null, 98765.4)", ["98765"]],
    ["select error('no good: ' || email) from people", ["ann", "good"]],
    ["select cast('ann' as enum('x'))", ["ann"]],
    ["select unhex('annz')", ["annz"]],
    ["select cast('first\n\nann@example.com' as integer)", ["first", "ann"]],
    ["select * from people where born = 'ann''s\n\nbirthday'", ["ann", "birthday"]],
  ])("tells what went wrong in `%s` without the values", async (statement, values) => {
    for (const config of [{ errors_as_json: "true" }, { errors_as_json: "false" }]) {
      const error = mapError(await thrownBy([...SETUP, statement], config), statement);
      expect(error).toBeInstanceOf(WarehouseFailed);
      expect(error.cause).toBeUndefined();
      // A bare number in the statement's own text is the model's, not a person's.
      for (const value of values) expect(`${error.message} ${error.hint}`).not.toContain(value);
      expect(error.message.length).toBeGreaterThan(20);
    }
  });

  it.each([
    ["select * from gone", RelationMissing, "gone"],
    ["select * from nowhere.gone", RelationMissing, "nowhere.gone"],
    ["select * from no_catalog.main.gone", RelationMissing, "no_catalog"],
    ["insert into gone values (1)", RelationMissing, "gone"],
    ['select * from "we ""ird"', RelationMissing, 'we "ird'],
    ["select nocol from people", ColumnMissing, "nocol"],
    ["select p.nocol from people p", ColumnMissing, "nocol"],
    ["insert into people (nocol) values (1)", ColumnMissing, "nocol"],
    ["update people set nocol = 1", ColumnMissing, "nocol"],
    ['select "no \' col" from people', ColumnMissing, "no ' col"],
  ])("names what is missing in `%s`", async (statement, kind, name) => {
    for (const config of [{ errors_as_json: "true" }, { errors_as_json: "false" }]) {
      const error = mapError(await thrownBy([...SETUP, statement], config));
      expect(error).toBeInstanceOf(kind);
      expect(error.message).toContain(name);
    }
  });

  it("tells how to mend a lack of memory", async () => {
    const error = mapError(
      await thrownBy([
        "set memory_limit = '20MB'",
        "set temp_directory = ''",
        "select count(distinct md5(cast(i as varchar))) from range(3000000) t(i)",
      ]),
    );
    expect(error).toBeInstanceOf(WarehouseFailed);
    expect(error.hint).toMatch(/memory_limit/);
  });

  it.each([
    [
      "IO Error: Trying to read a database file with version number 999, but we can only read versions between 64 and 67.",
      /newer DuckDB/,
    ],
    ['IO Error: Cannot open file "/w/a.duckdb": Permission denied', /write access/],
    ['IO Error: Could not write to file "/w/a.duckdb.wal": No space left on device', /disk is full/],
    [
      "Out of Memory Error: failed to offload data block of size 256.0 KiB (9.9 MiB/10.0 MiB used). This limit was set by the 'max_temp_directory_size' setting.",
      /disk is full/,
    ],
    ['IO Error: Failure while replaying WAL file "/w/a.duckdb.wal": Corrupt WAL file', /damaged|write-ahead/],
  ])("tells the mend for: %s", (message, hint) => {
    expect(mapError(new Error(message)).hint).toMatch(hint);
  });

  it("leaves literals out of the statement it shows", () => {
    const { context } = mapError(
      new Error("Parser Error: syntax error"),
      "select 'ann@example.com', 'O''Brien' from t",
    );
    expect(context).toEqual({ statement: "select '…', '…' from t" });
  });
});

describe("lockHolder", () => {
  it("reads the holder out of DuckDB's message, and nothing out of others", () => {
    const locked =
      'IO Error: Could not set lock on file "/w/a.duckdb": Conflicting lock is held in /usr/bin/python3.12 (PID 4711). See also https://duckdb.org/docs';
    expect(lockHolder(new Error(locked))).toBe("/usr/bin/python3.12 (PID 4711)");
    expect(lockHolder(new Error('IO Error: Cannot open file "x"'))).toBeNull();
  });
});
