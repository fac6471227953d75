import { describe, expect, it } from "vitest";
import type { Relation } from "../../src/core/relation.ts";
import { bigQueryGrants } from "../../src/warehouse/bigquery/grants.ts";
import { duckDbGrants } from "../../src/warehouse/duckdb/grants.ts";
import { type Grants, needsOf } from "../../src/warehouse/grants.ts";
import { postgresGrants } from "../../src/warehouse/postgres/grants.ts";
import { snowflakeGrants } from "../../src/warehouse/snowflake/grants.ts";

const customers: Relation = { schema: "analytics", name: "customers" };
const odd: Relation = { schema: "Sales Data", name: 'o"dd' };
const needs = needsOf("millrace", [customers, odd, customers]);
const texts = (grants: Grants, role: string): string[] =>
  grants.statements(needs, role).map(({ statement }) => statement);

describe("grants", () => {
  it("are exactly what a role needs, each once: Postgres", () => {
    const grants = postgresGrants("postgres://mill%20race:secret@db.example.com:5432/shop");
    expect(grants.role).toBe("mill race");
    expect(texts(grants, "mill race")).toEqual([
      'grant connect on database "shop" to "mill race"',
      'grant temporary on database "shop" to "mill race"',
      'create schema if not exists "millrace"',
      'grant usage, create on schema "millrace" to "mill race"',
      'grant usage on schema "analytics" to "mill race"',
      'grant usage on schema "Sales Data" to "mill race"',
      'grant select on "analytics"."customers" to "mill race"',
      'grant select on "Sales Data"."o""dd" to "mill race"',
    ]);
  });

  it("are exactly what a role needs, each once: Snowflake", () => {
    const grants = snowflakeGrants({ role: "MILLRACE_ROLE", warehouse: "LOADING", database: "SHOP" });
    expect(grants.role).toBe("MILLRACE_ROLE");
    expect(texts(grants, "millrace")).toEqual([
      "grant usage on warehouse LOADING to role millrace",
      "grant usage on database SHOP to role millrace",
      "create schema if not exists SHOP.millrace",
      "grant usage, create table, create view on schema SHOP.millrace to role millrace",
      "grant usage on schema SHOP.analytics to role millrace",
      'grant usage on schema SHOP."Sales Data" to role millrace',
      "grant select on table SHOP.analytics.customers to role millrace",
      'grant select on table SHOP."Sales Data"."o""dd" to role millrace',
    ]);
    const elsewhere = grants.statements(needsOf("m", [{ ...customers, database: "RAW" }]), "millrace");
    expect(elsewhere.map(({ statement }) => statement)).toContain("grant usage on database RAW to role millrace");
    expect(elsewhere.at(-1)?.statement).toBe("grant select on table RAW.analytics.customers to role millrace");
  });

  it("are exactly what a role needs, each once: BigQuery, where a project's roles are given outside SQL", () => {
    const grants = bigQueryGrants({ project: "my-shop" });
    expect(grants.role).toBeNull();
    const account = "millrace@my-shop.iam.gserviceaccount.com";
    expect(texts(grants, account)).toEqual([
      `-- gcloud projects add-iam-policy-binding my-shop --member=serviceAccount:${account} --role=roles/bigquery.jobUser`,
      `-- gcloud projects add-iam-policy-binding my-shop --member=serviceAccount:${account} --role=roles/bigquery.readSessionUser`,
      "create schema if not exists `my-shop.millrace`",
      `grant \`roles/bigquery.dataEditor\` on schema \`my-shop.millrace\` to "serviceAccount:${account}"`,
      `grant \`roles/bigquery.dataViewer\` on table \`my-shop.analytics.customers\` to "serviceAccount:${account}"`,
      `grant \`roles/bigquery.dataViewer\` on table \`my-shop.Sales Data.o"dd\` to "serviceAccount:${account}"`,
    ]);
    expect(texts(grants, "group:data@shop.com").at(-1)).toContain('to "group:data@shop.com"');
    expect(texts(grants, "ann@shop.com").at(-1)).toContain('to "user:ann@shop.com"');
    expect(texts(grants, 'x"; drop table y; --').at(-1)).toMatch(/to "user:xdroptabley--"$/);
  });

  it("are none on DuckDB, which knows no roles", () => {
    expect(texts(duckDbGrants, "anybody")).toEqual([]);
  });
});
