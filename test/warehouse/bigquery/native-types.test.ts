import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { parseExactly } from "../../../src/core/exact-json.ts";
import { join, raw, sql } from "../../../src/warehouse/sql.ts";
import type { Warehouse } from "../../../src/warehouse/warehouse.ts";
import { emulatorMissing } from "../../support/bigquery/emulator.ts";
import { freshDataset, type Peer, startPeer } from "../../support/bigquery/peer.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });
const missing = emulatorMissing();

/** A row as BigQuery's SQL writes it, what its columns are to Millrace, and their values. */
const columns = [
  { name: "texts", ddl: "array<string>", literal: "['a', '', 'é 😀']", type: "json", value: ["a", "", "é 😀"] },
  {
    name: "numbers",
    ddl: "array<int64>",
    literal: "[1, 9007199254740993]",
    type: "json",
    value: [1, "9007199254740993"],
  },
  { name: "none", ddl: "array<int64>", literal: "[]", type: "json", value: [] },
  {
    name: "lines",
    ddl: "array<struct<sku string, n int64>>",
    literal: "[struct('x' as sku, 2 as n), struct(null, null)]",
    type: "json",
    value: [
      { sku: "x", n: 2 },
      { sku: null, n: null },
    ],
  },
  {
    name: "pair",
    ddl: "struct<a int64, b array<string>>",
    literal: "struct(1 as a, ['x'] as b)",
    type: "json",
    value: { a: 1, b: ["x"] },
  },
  { name: "doc", ddl: "json", literal: `json '{"a": [1, null, "x"]}'`, type: "json", value: { a: [1, null, "x"] } },
  { name: "raw", ddl: "bytes", literal: "b'\\x00\\x01\\x02\\xff'", type: "bytes", value: "AAEC/w==" },
  {
    name: "money",
    ddl: "numeric(38, 9)",
    literal: "numeric '12345678901234567890123456789.123456789'",
    type: "decimal",
    value: "12345678901234567890123456789.123456789",
  },
  {
    name: "wide",
    ddl: "bignumeric",
    literal: "bignumeric '-12345678901234567890.12345678901234567890'",
    type: "decimal",
    value: "-12345678901234567890.1234567890123456789",
  },
  {
    name: "local",
    ddl: "datetime",
    literal: "datetime '2024-02-29 23:59:59.123456'",
    type: "timestamp",
    value: "2024-02-29T23:59:59.123456Z",
  },
  { name: "clock", ddl: "time", literal: "time '23:59:59'", type: "text", value: "23:59:59" },
] as const;

const row = z.record(z.string(), z.unknown());

/** What a connector is given: numbers that no double holds are texts. */
const parsed = (cells: Readonly<Record<string, unknown>> | undefined) =>
  Object.fromEntries(
    Object.entries(cells ?? {}).map(([name, cell]) => [name, typeof cell === "string" ? parseExactly(cell) : cell]),
  );

describe.skipIf(missing !== null)("BigQuery's own types", () => {
  let peer: Peer;
  let warehouse: Warehouse;
  const table = { schema: freshDataset(), name: "own" };
  beforeAll(async () => {
    peer = await startPeer();
    warehouse = peer.open();
    const { dialect } = warehouse;
    const name = dialect.relation(table);
    await warehouse.session("write", (session) =>
      session.execute([
        dialect.createSchema(table.schema),
        sql`create table ${name} (n int64, ${join(columns.map(({ name, ddl }) => raw(`${name} ${ddl}`)))})`,
        sql`insert into ${name} select 1, ${join(columns.map(({ literal }) => raw(literal)))}`,
        sql`insert into ${name} (n) values (2)`,
      ]),
    );
  });
  afterAll(async () => {
    await warehouse.close();
    await peer.stop();
  });

  it("are described, and read as Millrace's values", async () => {
    await warehouse.session("read", async (session) => {
      const described = (await session.describe(table)) ?? [];
      expect(described.slice(1).map(({ name, type }) => [name, type])).toEqual(
        columns.map(({ name, type }) => [name, type]),
      );
      const rows = await session.query(
        sql`select * except (n) from ${session.dialect.relation(table)} order by n`,
        row,
      );
      expect(rows).toEqual([
        Object.fromEntries(columns.map(({ name, value }) => [name, value])),
        // BigQuery keeps no NULL array: it is an empty one.
        Object.fromEntries(columns.map(({ name, ddl }) => [name, ddl.startsWith("array") ? [] : null])),
      ]);
    });
  });

  it("go into a payload as the same values", async () => {
    await warehouse.session("read", async (session) => {
      const { dialect } = session;
      const described = (await session.describe(table)) ?? [];
      const payload = described.slice(1).map((found) => {
        const x = dialect.ident(found.name);
        return sql`${dialect.json(x, found)} as ${x}`;
      });
      const [full, empty] = await session.query(
        sql`select ${join(payload)} from ${dialect.relation(table)} order by n`,
        row,
      );
      expect(parsed(full)).toEqual(Object.fromEntries(columns.map(({ name, value }) => [name, value])));
      // In a table the emulator tells a NULL array from an empty one; BigQuery does not.
      for (const { name, ddl } of columns) {
        if (!ddl.startsWith("array")) expect(parsed(empty)[name], name).toBeNull();
      }
    });
  });
});
