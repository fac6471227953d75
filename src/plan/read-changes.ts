import { z } from "zod";
import type { Change, Op } from "../core/change.ts";
import { parseExactly } from "../core/exact-json.ts";
import type { Plan } from "../core/plan.ts";
import type { SyncConfig } from "../core/sync.ts";
import type { Row, Value } from "../core/value.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { type Sql, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";

/** A change as read from the frozen plan. */
export interface FrozenChange extends Change {
  /** What the plan decided; a removal by `when_removed: {set}` reaches the connector as `op: "update"`. */
  readonly plannedOp: Op;
  /** UTF-8 bytes of key, identifiers and fields as JSON: what batches are cut by. */
  readonly bytes: number;
}

const ops = ["add", "update", "remove", "keep"] as const;
const isOp = (value: Value | undefined): value is (typeof ops)[number] => ops.some((op) => op === value);

/** One vector of DuckDB's. */
const streamedRows = 2_048;

const cells = z.tuple([
  z.number(),
  z.enum(ops),
  z.string(),
  z.string(),
  z.string(),
  z.string().nullable(),
  z.string().nullable(),
]);

const rangeOf = (dialect: Dialect, plan: Plan, fromSeq: number, toSeq: number): Sql =>
  sql`select p.seq, p.op, p.key, p.identifiers, p.fields, p.external_id, p.prev_identifiers
      from ${dialect.relation(plan.table)} p where p.run_id = ${plan.runId} and p.seq between ${fromSeq} and ${toSeq} order by p.seq`;

/** Bytes that reading the whole plan once would cost, where the engine bills by bytes; null elsewhere. */
export async function bytesToRead(session: Session, plan: Plan): Promise<number | null> {
  if (session.meter === undefined) return null;
  return plan.total === 0 ? 0 : session.meter.wouldRead(rangeOf(session.dialect, plan, 1, plan.total));
}

/** Rows of seq ranges of one frozen plan, in order of seq. One short statement a call, inside any session. */
export function changeReader(
  plan: Plan,
  sync: SyncConfig,
): (session: Session, fromSeq: number, toSeq: number) => Promise<FrozenChange[]> {
  const skipped = Object.entries(sync.fields).flatMap(([name, rule]) => (rule.nulls === "skip" ? [name] : []));
  const setOnRemoval = typeof sync.whenRemoved === "object";
  return async (session, fromSeq, toSeq) => {
    const statement = rangeOf(session.dialect, plan, fromSeq, toSeq);
    const changes: FrozenChange[] = [];
    for await (const page of session.stream(statement, streamedRows)) {
      for (const row of page) changes.push(toChange(cellsOf(row), skipped, setOnRemoval));
    }
    return changes;
  };
}

/** As `cells`, at a tenth of the cost: every delivered row passes here. What does not fit is left to `cells` to say. */
function cellsOf(row: readonly Value[]): z.infer<typeof cells> {
  const [seq, op, key, identifiers, fields, externalId, movedFrom] = row;
  const fits =
    typeof seq === "number" &&
    isOp(op) &&
    typeof key === "string" &&
    typeof identifiers === "string" &&
    typeof fields === "string" &&
    (externalId === null || typeof externalId === "string") &&
    (movedFrom === null || typeof movedFrom === "string");
  return fits ? [seq, op, key, identifiers, fields, externalId, movedFrom] : cells.parse(row);
}

function toChange(row: z.infer<typeof cells>, skipped: readonly string[], setOnRemoval: boolean): FrozenChange {
  const [seq, op, key, identifiers, fields, externalId, movedFrom] = row;
  const plannedOp: Op = op === "keep" ? "update" : op;
  return {
    seq,
    op: plannedOp === "remove" && setOnRemoval ? "update" : plannedOp,
    plannedOp,
    key,
    match: JSON.parse(identifiers) as Row,
    fields: withoutSkipped(parseExactly(fields) as Record<string, Row[string]>, skipped),
    ...(externalId !== null && { externalId }),
    ...(movedFrom !== null && { movedFrom: JSON.parse(movedFrom) as Row }),
    bytes: Buffer.byteLength(key) + Buffer.byteLength(identifiers) + Buffer.byteLength(fields),
  };
}

/** `nulls: skip`: a NULL leaves the field out, so that the destination keeps what it has. */
function withoutSkipped(fields: Record<string, Row[string]>, skipped: readonly string[]): Row {
  for (const name of skipped) if (fields[name] === null) delete fields[name];
  return fields;
}
