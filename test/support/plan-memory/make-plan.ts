import { noCounts, type Plan } from "../../../src/core/plan.ts";
import { planColumns } from "../../../src/state/schema.ts";
import type { Dialect } from "../../../src/warehouse/dialect.ts";
import { join, raw, type Sql, sql } from "../../../src/warehouse/sql.ts";
import type { Warehouse } from "../../../src/warehouse/warehouse.ts";
import { aSync } from "../sync.ts";

/** A frozen plan of `rows` adds. */
export const planOf = (rows: number): Plan => ({
  runId: `run-${rows}`,
  sync: aSync().name,
  table: { schema: "plans", name: `plan_${rows}` },
  createdAt: new Date(0),
  counts: { ...noCounts, modelRows: rows, add: rows },
  total: rows,
  removes: 0,
  mappingChanges: [],
  fingerprintEngine: "test",
});

/** Makes its table, some 300 bytes a row, as planning would leave it. `numbers`: SQL of a relation with the numbers 1 to `rows` as n. */
export async function makePlanTable(warehouse: Warehouse, rows: number, numbers: Sql): Promise<void> {
  const { dialect } = warehouse;
  const { runId, table } = planOf(rows);
  await warehouse.session("write", (session) =>
    session.execute([
      dialect.createSchema(table.schema),
      ...dialect.replaceTable(table, planRows(dialect, runId, numbers), "seq"),
    ]),
  );
}

function planRows(dialect: Dialect, runId: string, numbers: Sql): Sql {
  const text = dialect.typeName("text");
  const n = sql`cast(n as ${text})`;
  const said =
    '"first_name": "Somebody", "country": "DE", "orders": 17, "revenue": 52341.7, "score": 0.271828, "vip": false';
  const padding = `"note": "${"written once, read by page, sent and forgotten; ".repeat(3)}"`;
  const values = new Map<string, Sql>([
    ["run_id", dialect.textLiteral(runId)],
    ["seq", sql`n`],
    ["op", dialect.textLiteral("add")],
    ["key", sql`concat('c', ${n})`],
    ["match_hash", sql`n`],
    ["identifiers", sql`concat('{"email": "person', ${n}, '@example.com"}')`],
    [
      "fields",
      sql`concat('{"email": "person', ${n}, '@example.com", ', ${dialect.textLiteral(`${said}, ${padding}}`)})`,
    ],
    ["copies", sql`1`],
  ]);
  const cells = planColumns.map(
    ({ name, type }) =>
      sql`cast(${values.get(name) ?? raw("null")} as ${dialect.typeName(type)}) as ${dialect.ident(name)}`,
  );
  return sql`select ${join(cells)} from ${numbers}`;
}
