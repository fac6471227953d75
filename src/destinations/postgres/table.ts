import type { Pool, PoolClient } from "pg";
import { z } from "zod";
import type { Change } from "../../core/change.ts";
import type { RowResult } from "../../core/result.ts";
import type { Row, Value } from "../../core/value.ts";
import type { Batch, Target, TargetCtx } from "../connector.ts";
import type { PostgresAccount } from "./account.ts";
import { columnsOf, inTransaction } from "./database.ts";
import { tableColumns } from "./discover.ts";
import { type TableName, type TableOptions, tableName, tableOptions } from "./options.ts";
import { type Columns, type Rows, remove, type Statement, update, upsert } from "./statements.ts";

type Ctx = TargetCtx<PostgresAccount, TableOptions>;
type Client = Pick<Pool | PoolClient, "query">;

/** Bounds one transaction and one protocol message, far below Postgres' 1 GB. */
const maxRows = 5_000;
const maxBytes = 16 * 1024 * 1024;

export const table: Target<PostgresAccount, TableOptions> = {
  description: "rows of a table, found by the columns of `match`",
  kind: "records",
  options: tableOptions,
  identifiers: [],
  needsMatch: true,
  fields: { known: {}, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "insert", "update", "remove"],
  onlyIfEmpty: true,
  object: (options) => `table/${options.schema === undefined ? "" : `${options.schema}.`}${options.table}`,
  shape: () => ({
    batch: { maxRows, maxBytes, mixedOps: true },
    resend: "idempotent",
    outcome: "per-batch",
    contents: "changes",
  }),
  requests: (_options, sync) =>
    Math.ceil(sync.removes / maxRows) + Math.ceil((sync.plannedRows - sync.removes) / maxRows),
  discover: tableColumns,
  async send(batch, ctx) {
    ctx.signal.throwIfAborted();
    const results: RowResult[] = batch.changes.filter(holdsNul).map(({ seq }) => ({
      seq,
      status: "rejected",
      code: "22021",
      message: "a text holds NUL, which Postgres cannot store",
    }));
    const refused = new Set(results.map((result) => result.seq));
    const good = batch.changes.filter((change) => !refused.has(change.seq));
    if (good.length === 0) return { state: "done", rows: results };
    const columns = await columnsOf(ctx);
    const missing = await inTransaction(ctx, (client) => apply(client, good, batch, columns, ctx));
    for (const { seq } of good) {
      results.push(
        missing.has(seq)
          ? { seq, status: "rejected", code: "NOT_FOUND", message: "no row of the table matches" }
          : { seq, status: "delivered" },
      );
    }
    return { state: "done", rows: results };
  },
  async describe(batch, ctx) {
    const name = tableName(ctx.account, ctx.options);
    return steps(batch.changes, batch.writes, name, new Map(), ctx.sync.onlyIfEmpty).map(
      ({ statement, changes }) => `${statement.text} -- ${changes.length} rows`,
    );
  },
};

interface Step {
  readonly statement: Statement;
  readonly changes: readonly Change[];
  /** The statement tells which rows were there, and the others are rejects. */
  readonly mustExist: boolean;
}

/** Returns the seqs of rows that should have been there and were not. */
async function apply(
  client: Client,
  changes: readonly Change[],
  { writes }: Batch,
  columns: Columns,
  ctx: Ctx,
): Promise<ReadonlySet<number>> {
  const missing = new Set<number>();
  const name = tableName(ctx.account, ctx.options);
  for (const step of steps(changes, writes, name, columns, ctx.sync.onlyIfEmpty)) {
    const { rows } = await client.query(step.statement.text, [...step.statement.values]);
    if (!step.mustExist) continue;
    const there = new Set(rows.map((row) => ordinal.parse(row).n));
    for (const [i, change] of step.changes.entries()) if (!there.has(i + 1)) missing.add(change.seq);
  }
  return missing;
}

/** count(*) and ordinality are bigint, which the driver hands over as text. */
const ordinal = z.object({ n: z.coerce.number() });

/** Rows with the same columns go in one statement: a field that a payload leaves out must be left alone. */
function steps(
  changes: readonly Change[],
  writes: Batch["writes"],
  name: TableName,
  columns: Columns,
  onlyIfEmpty: readonly string[],
): Step[] {
  const groups = new Map<string, Change[]>();
  for (const change of changes) {
    const group = JSON.stringify([change.op === "remove", Object.keys(change.match), Object.keys(change.fields)]);
    const same = groups.get(group);
    if (same === undefined) groups.set(group, [change]);
    else same.push(change);
  }
  return [...groups.values()].map((group): Step => {
    const rows = toRows(group);
    const removes = group[0]?.op === "remove";
    // A removal with values is `when_removed: {set}`: the row stays and is marked; if it is gone already, that is well too.
    if (removes && rows.fields.length === 0)
      return { statement: remove(name, rows, columns), changes: group, mustExist: false };
    if (removes) return { statement: update(name, rows, columns, []), changes: group, mustExist: false };
    if (writes === "update")
      return { statement: update(name, rows, columns, onlyIfEmpty), changes: group, mustExist: true };
    const onConflict = writes === "insert" ? "nothing" : "update";
    return { statement: upsert(name, rows, columns, onConflict, onlyIfEmpty), changes: group, mustExist: false };
  });
}

function toRows(changes: readonly Change[]): Rows {
  const match = Object.keys(changes[0]?.match ?? {});
  const fields = Object.keys(changes[0]?.fields ?? {}).filter((name) => !match.includes(name));
  return { match, fields, rows: changes.map((change): Row => ({ ...change.fields, ...change.match })) };
}

function holdsNul({ match, fields }: Change): boolean {
  return [...Object.values(match), ...Object.values(fields)].some(
    (value: Value) => typeof value === "string" && value.includes("\0"),
  );
}
