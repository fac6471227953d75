import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { snowflakeConnection } from "../../../src/models/profile-snowflake.ts";
import { relationNamed } from "../../../src/models/relation-name.ts";
import { createSnowflakeDialect } from "../../../src/warehouse/snowflake/index.ts";
import { quoted, spelledOut } from "../../../src/warehouse/snowflake/literals.ts";
import { catalogName, ourName } from "../../../src/warehouse/snowflake/names.ts";
import { effectOf, makesTemporaryTable } from "../../../src/warehouse/snowflake/statements.ts";
import { kindOf } from "../../../src/warehouse/snowflake/types.ts";
import { raw, sql } from "../../../src/warehouse/sql.ts";

// What no stand-in can show: the text that Snowflake would get.
const d = createSnowflakeDialect();

describe("Snowflake's names", () => {
  it.each([
    ["email", "EMAIL"],
    ["order_2$", "ORDER_2$"],
    ["EMAIL", "EMAIL"],
    ["Email", "Email"],
    ["with space", "with space"],
    ['"email"', "email"],
    ['"a""b"', 'a"b'],
    ["é", "é"],
  ])("means by %s the catalog's %s", (name, exact) => {
    expect(catalogName(name)).toBe(exact);
  });

  it("come back as they were, whatever stands in the catalog", () => {
    const exact = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.stringMatching(/^[A-Za-z_"][A-Za-z0-9_$"]*$/),
      fc.constantFrom("email", "EMAIL", "Email", '"email"', '"', '""', "1a", "$a"),
    );
    fc.assert(fc.property(exact, (name) => catalogName(ourName(name)) === name));
  });

  it("read lower-case columns of a model as its users write them", () => {
    expect(["CUSTOMER_ID", "email", "Mixed"].map(ourName)).toEqual(["customer_id", '"email"', "Mixed"]);
    expect(d.relation({ database: "shop", schema: "analytics", name: "vips" }).text).toBe('"SHOP"."ANALYTICS"."VIPS"');
    const table = relationNamed('analytics."vips"', "snowflake", "sync x");
    expect(d.relation(table).text).toBe('"ANALYTICS"."vips"');
  });
});

describe("Snowflake's text", () => {
  it("escapes backslashes, and puts values where question marks stand, and only there", () => {
    expect(quoted("it's \\ here")).toBe("'it''s \\\\ here'");
    const statement = sql`select '?' as "a?", ${"it's \\"} as b, ${raw("'\\\\'")} as c, ${null} as d, ${7} as e, ${true} as f, ${0.5} as g`;
    expect(spelledOut(statement)).toBe(
      `select '?' as "a?", 'it''s \\\\' as b, '\\\\' as c, null as d, 7 as e, true as f, '0.5' as g`,
    );
  });

  it("knows what commits and what begins a transaction", () => {
    expect(
      ["create table t (n int)", " DROP view v", "alter session set x = 1", "truncate table t"].map(effectOf),
    ).toEqual(Array.from({ length: 4 }, () => "ddl"));
    expect(["insert into t", "update t", "delete from t", "merge into t", "copy into t"].map(effectOf)).toEqual(
      Array.from({ length: 5 }, () => "dml"),
    );
    expect(
      ["select 1", "with x as (select 1) select * from x", "describe table t", "put file://x @~"].map(effectOf),
    ).toEqual(Array.from({ length: 4 }, () => "none"));
    expect(makesTemporaryTable("create temporary table x as select 1")).toBe(true);
    expect(makesTemporaryTable("create table temporary_x (n int)")).toBe(false);
  });

  it("freezes a plan as one sorted transient table without Time Travel, in one statement", () => {
    const [only, ...more] = d.replaceTable({ schema: "millrace", name: "plan__x" }, raw("select 1 as seq"), "seq");
    expect(more).toEqual([]);
    expect(only?.text.replaceAll(/\s+/g, " ")).toBe(
      'create or replace transient table "MILLRACE"."PLAN__X" data_retention_time_in_days = 0 as select * from (select 1 as seq) order by "SEQ"',
    );
    expect(d.anyOrder.text).toBe("order by null");
    expect(createSnowflakeDialect({ transient: true }).createSchema("millrace").text).toBe(
      'create transient schema if not exists "MILLRACE"',
    );
  });

  it.each([
    ["NUMBER(38,0)", "int"],
    ["NUMBER(15,0)", "smallint"],
    ["NUMBER(38,9)", "decimal"],
    ["NUMBER", "int"],
    ["VARCHAR(16777216)", "text"],
    ["TIMESTAMP_LTZ(9)", "timestamptz"],
    ["TIMESTAMP_NTZ(9)", "timestamp"],
    ["ARRAY(NUMBER(38,0))", "json"],
    ["GEOGRAPHY", "geo"],
    ["TIME(9)", "other"],
  ])("reads the type %s", (native, kind) => {
    expect(kindOf(native)).toBe(kind);
  });

  it("compares geography by its text, for it has no hash, and writes it as GeoJSON", () => {
    const column = { name: "place", type: "json", nativeType: "GEOGRAPHY" } as const;
    expect(d.hashable(raw("x"), column).text).toBe("to_json(st_asgeojson(x))");
    expect(d.json(raw("x"), column).text).toBe("to_json(st_asgeojson(x))");
  });
});

describe("dbt's profile for Snowflake", () => {
  const base = { type: "snowflake", account: "a-b", user: "u", warehouse: "w", database: "d" } as const;

  it("reads secrets from the environment, and holds none", () => {
    const { output, env } = snowflakeConnection({ ...base, privateKey: "PEM", privateKeyPassphrase: "open" });
    expect(JSON.stringify(output)).not.toMatch(/PEM|open"/);
    expect(output).toMatchObject({ private_key: "{{ env_var('DBT_ENV_SECRET_MILLRACE_PRIVATE_KEY') }}" });
    expect(Object.values(env).toSorted()).toEqual(["PEM", "open"]);
  });

  it("signs in by OAuth, and elsewhere than at the account's own address", () => {
    const { output, env } = snowflakeConnection({ ...base, oauthToken: "tok", baseUrl: "http://127.0.0.1:8080" });
    expect(output).toMatchObject({ authenticator: "oauth", host: "127.0.0.1", port: 8080, protocol: "http" });
    expect(env).toEqual({ DBT_ENV_SECRET_MILLRACE_TOKEN: "tok" });
  });
});
