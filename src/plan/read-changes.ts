import { z } from "zod";
import type { Change, Op } from "../core/change.ts";
import type { Plan } from "../core/plan.ts";
import type { SyncConfig } from "../core/sync.ts";
import type { Row } from "../core/value.ts";
import { sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";

/** A change as read from the frozen plan. */
export interface FrozenChange extends Change {
  /** What the plan decided; a removal by `when_removed: {set}` reaches the connector as `op: "update"`. */
  readonly plannedOp: Op;
  /** UTF-8 bytes of key, identifiers and fields as JSON: what batches are cut by. */
  readonly bytes: number;
}

const cells = z.tuple([
  z.number(),
  z.enum(["add", "update", "remove", "keep"]),
  z.string(),
  z.string(),
  z.string(),
  z.string().nullable(),
  z.string().nullable(),
]);

/** Rows of seq ranges of one frozen plan, in order of seq. One short statement a call, inside any session. */
export function changeReader(
  plan: Plan,
  sync: SyncConfig,
): (session: Session, fromSeq: number, toSeq: number) => Promise<FrozenChange[]> {
  const skipped = Object.entries(sync.fields).flatMap(([name, rule]) => (rule.nulls === "skip" ? [name] : []));
  const setOnRemoval = typeof sync.whenRemoved === "object";
  return async (session, fromSeq, toSeq) => {
    const { dialect } = session;
    const statement = sql`select p.seq, p.op, p.key, p.identifiers, p.fields, p.external_id, p.prev_identifiers
      from ${dialect.relation(plan.table)} p where p.run_id = ${plan.runId} and p.seq between ${fromSeq} and ${toSeq} order by p.seq`;
    const changes: FrozenChange[] = [];
    for await (const page of session.stream(statement, 10_000)) {
      for (const row of page) changes.push(toChange(cells.parse(row), skipped, setOnRemoval));
    }
    return changes;
  };
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
    fields: withoutSkipped(JSON.parse(fields) as Record<string, Row[string]>, skipped),
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
