import { z } from "zod";
import { StateDiverged } from "../core/errors.ts";
import type { FieldType } from "../core/sync.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { join, raw, type Sql, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";
import { bindingRow, type StoredBinding } from "./bindings.ts";
import { type StateTables, syncTables } from "./names.ts";
import { bindingColumns, stateVersion } from "./schema.ts";

/** Whose state this warehouse holds. */
export interface Meta {
  readonly warehouseId: string;
  readonly storeId: string;
}

/** What Millrace's own tables say, all that a sync's plan or a resumed run asks of them. */
export interface Look {
  /** With the tables' version: older ones are brought forward before anything is done with them. */
  readonly meta: Meta & { readonly version: number };
  readonly bindings: readonly StoredBinding[];
  /** The sync's frozen plan: its run and how many rows of it are sent. null: there is none, or it is empty. */
  readonly frozen: { readonly runId: string; readonly total: number } | null;
}

/** An answer of several kinds in one statement: what a row is about, and its columns as JSON. */
export const saying = z.object({ what: z.string(), said: z.string() });

/** A select whose rows are `saying`. `from`: the from clause and what follows. */
export function says(
  dialect: Dialect,
  what: string,
  columns: readonly (readonly [name: string, type: FieldType])[],
  from: Sql,
): Sql {
  const members = columns.map(
    ([name, type]) => [name, dialect.json(dialect.ident(name), { type })] as readonly [string, Sql],
  );
  return sql`select ${dialect.textLiteral(what)} as what, ${dialect.jsonObject(members)} as said from ${from}`;
}

export const saidOf = <T>(rows: readonly z.infer<typeof saying>[], what: string, row: z.ZodType<T>): T[] =>
  rows.filter((found) => found.what === what).map((found) => row.parse(JSON.parse(found.said)));

const metaSaid = z.object({ schema_version: z.number(), warehouse_id: z.string(), store_id: z.string() });
const frozenSaid = z.object({ run_id: z.string().nullable(), total: z.number() });

/** Selects of `saying` rows for a Look, to be joined by `union all`. `plan: "absent"`: the sync has no plan table. */
export function lookSelects(dialect: Dialect, tables: StateTables, sync: string, plan: "there" | "absent"): Sql[] {
  const own = syncTables(tables.schema, sync, dialect.traits.maxIdentifier);
  const bindings = bindingColumns.filter(({ type }) => type === "text").map(({ name }) => [name, "text"] as const);
  return [
    says(
      dialect,
      "meta",
      [
        ["schema_version", "integer"],
        ["warehouse_id", "text"],
        ["store_id", "text"],
      ],
      dialect.relation(tables.meta),
    ),
    says(dialect, "binding", bindings, dialect.relation(tables.bindings)),
    ...(plan === "absent"
      ? []
      : [
          says(
            dialect,
            "frozen",
            [
              ["run_id", "text"],
              ["total", "integer"],
            ],
            sql`(select max(run_id) as run_id, count(seq) as total from ${dialect.relation(own.plan)}) f`,
          ),
        ]),
  ];
}

export const unionAll = (selects: readonly Sql[]): Sql => join(selects, raw("\nunion all\n").text);

/**
 * null: the tables are there, but nobody's yet.
 * @throws StateDiverged if a newer Millrace wrote them
 */
export function lookOf(
  rows: readonly z.infer<typeof saying>[],
  tables: StateTables,
  known = stateVersion,
): Look | null {
  const [meta] = saidOf(rows, "meta", metaSaid);
  if (meta === undefined) return null;
  assertKnown(tables, meta.schema_version, known);
  const [frozen] = saidOf(rows, "frozen", frozenSaid);
  return {
    meta: { warehouseId: meta.warehouse_id, storeId: meta.store_id, version: meta.schema_version },
    bindings: saidOf(rows, "binding", bindingRow),
    frozen: frozen === undefined || frozen.run_id === null ? null : { runId: frozen.run_id, total: frozen.total },
  };
}

/** The same where it is not sure which tables are there. null: Millrace has made none. Reads only. */
export async function readLook(session: Session, tables: StateTables, sync: string): Promise<Look | null> {
  const { dialect } = session;
  if ((await session.describe(tables.meta)) === null) return null;
  const own = syncTables(tables.schema, sync, dialect.traits.maxIdentifier);
  const plan = (await session.describe(own.plan)) === null ? "absent" : "there";
  return lookOf(await session.query(unionAll(lookSelects(dialect, tables, sync, plan)), saying), tables);
}

export function assertKnown(tables: StateTables, found: number, known: number): void {
  if (found <= known) return;
  throw new StateDiverged(
    `schema ${tables.schema} was written by a newer Millrace (state version ${found}, this one knows ${known})`,
    { hint: "Run the newer version, or point `warehouse.schema` at another schema." },
  );
}
