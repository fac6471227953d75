import { z } from "zod";
import type { PlanCounts } from "../core/plan.ts";
import type { Relation } from "../core/relation.ts";
import type { SyncConfig } from "../core/sync.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { type Sql, sql } from "../warehouse/sql.ts";
import type { DiffFacts } from "./diff.ts";

export interface Counted {
  readonly counts: PlanCounts;
  readonly total: number;
  readonly refusals: readonly { readonly code: string; readonly message: string; readonly rows: number }[];
}

export const countRow = z.object({
  op: z.string(),
  code: z.string().nullable(),
  message: z.string().nullable(),
  rows: z.number(),
  copies: z.number(),
  netted: z.number(),
});

/** The frozen plan by operation and reason: a `countRow` each. */
export const countQuery = (dialect: Dialect, plan: Relation): Sql =>
  sql`select op, code, message, count(*) as ${dialect.ident("rows")}, cast(sum(copies) as bigint) as copies,
      count(case when seq is not null and prev_key <> key then 1 end) as netted
    from ${dialect.relation(plan)} where op <> 'clear' group by op, code, message`;

/** @param facts of the model and the ledger before the plan; a retirement looks at no model */
export function countsOf(
  rows: readonly z.infer<typeof countRow>[],
  facts: Pick<DiffFacts, "modelRows" | "ledgerRows">,
  sync: SyncConfig,
): Counted {
  const of = (op: string): number => rows.filter((row) => row.op === op).reduce((sum, row) => sum + row.copies, 0);
  const [add, update, remove, keep] = [of("add"), of("update"), of("remove"), of("keep")];
  const refused = of("refuse") + of("standing");
  const suppressed = of("suppress");
  const fromModel = add + update + refused + suppressed + (sync.mode === "remove" ? remove : 0);
  return {
    total: add + update + remove + keep,
    refusals: rows
      .filter((row) => row.op === "refuse" || row.op === "standing")
      .map((row) => ({ code: row.code ?? "", message: row.message ?? "", rows: row.copies })),
    counts: {
      modelRows: facts.modelRows,
      unchanged: facts.modelRows - fromModel,
      add,
      update,
      remove,
      keep,
      refused,
      suppressed,
      netted: rows.reduce((sum, row) => sum + row.netted, 0),
      released: of("release"),
      ledgerRows: facts.ledgerRows,
    },
  };
}
