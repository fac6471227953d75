import { z } from "zod";
import { MillraceError, RelationMissing } from "../core/errors.ts";
import type { Plan, PlanCounts } from "../core/plan.ts";
import type { Relation } from "../core/relation.ts";
import type { FieldType, SyncConfig } from "../core/sync.ts";
import {
  assertBound,
  bindingOf,
  differences,
  readBindings,
  type StoredBinding,
  writeBinding,
} from "../state/bindings.ts";
import { ensureSync } from "../state/ensure.ts";
import { type StateTables, type SyncTables, syncTables } from "../state/names.ts";
import { ledgersBesides } from "../state/sharing.ts";
import { type Sql, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";
import { type DiffFacts, diff } from "./diff.ts";
import { type FreezeOptions, freeze, freezeRetirement, freezeUnchanged } from "./freeze.ts";
import { endReasons, guardReasons } from "./guard.ts";
import { canonicalMapping, mappingChanges } from "./mapping.ts";
import { rebaseFingerprints } from "./rebase.ts";
import { compileSource, type SourceSql } from "./source.ts";

/** A strict sync stops at the first row it would refuse. */
export class RowsRefused extends MillraceError {
  override readonly code = "ROWS_REFUSED";
  override readonly retry = "after-fix";
}

/** What the plan must know of the destination; from the connector's target. */
export interface PlanTarget {
  readonly accountKey: string;
  /** What the ledger is bound to within the account, e.g. "Contact" or "list/Lapsing". */
  readonly object: string;
  readonly kind: "records" | "list" | "stream";
  readonly fieldTypes: Readonly<Record<string, FieldType>>;
  readonly contents: "changes" | "snapshot";
  readonly movesMatch: boolean;
}

export interface PlanRequest {
  readonly runId: string;
  readonly createdAt: Date;
  readonly sync: SyncConfig;
  readonly relation: Relation;
  readonly target: PlanTarget;
  /**
   * full: everything is sent again · adopt: the ledger is (re)bound and filled as if delivered · rebuild: the ledger is
   * emptied and bound anew · rejects: only what was refused · retire: everything the ledger holds is removed.
   */
  readonly scope: "changes" | "full" | "adopt" | "rebuild" | "rejects" | "retire";
}

export interface PlanOutcome {
  readonly plan: Plan;
  readonly heldFor: readonly string[];
  readonly refusals: readonly { readonly code: string; readonly message: string; readonly rows: number }[];
  readonly fingerprintEngine: string;
  /** Ledger rows whose fingerprints were brought to a new engine. */
  readonly rebased: number;
}

/** Compares model and ledger inside the warehouse and freezes the difference. All of it, or nothing. Write session; sends nothing. */
export function makePlan(session: Session, tables: StateTables, request: PlanRequest): Promise<PlanOutcome> {
  return session.transaction(() => plan(session, tables, request));
}

async function plan(session: Session, tables: StateTables, request: PlanRequest): Promise<PlanOutcome> {
  const { dialect } = session;
  const { sync, relation, target, scope } = request;
  const own = syncTables(tables.schema, sync.name, dialect.traits.maxIdentifier);
  const bound = await bind(session, tables, own, request);
  const options = await freezeOptions(session, tables, own, request);
  const ledger = dialect.relation(own.ledger);
  if (scope === "retire") {
    await freezeRetirement(session, options);
    const counts = await countPlan(session, own, null, sync, ledger);
    return outcome(request, own, counts, [], "", 0);
  }
  const source = await describeSource(session, relation, sync, target);
  const rebased = await rebaseFingerprints(session, source, ledger, Object.keys(sync.match));
  const facts = await diff(session, source, ledger, {
    mode: sync.mode,
    full: options.full,
    rejects: dialect.relation(own.rejects),
  });
  await freeze(session, source, facts, options);
  let counts = await countPlan(session, own, facts, sync, ledger);
  const sends = counts.counts.add + counts.counts.update + counts.counts.remove + counts.counts.released > 0;
  if (target.contents === "snapshot" && sends && scope !== "adopt") {
    await freezeUnchanged(session, source, facts, options);
    counts = await countPlan(session, own, facts, sync, ledger);
  }
  if (sync.strict && counts.refusals.length > 0) {
    const told = counts.refusals.map(({ code, rows }) => `${code}: ${rows}`).join(", ");
    throw new RowsRefused(
      `${sync.origin.file}:${sync.origin.line}: strict sync ${sync.name} would refuse rows (${told})`,
      {
        hint: "Mend the model, or take `strict: true` away to let the other rows go on.",
      },
    );
  }
  const changes =
    counts.counts.ledgerRows === 0 || bound === null ? [] : mappingChanges(bound.mapping, canonicalMapping(sync));
  return outcome(request, own, counts, changes, source.fingerprintEngine, rebased);
}

async function describeSource(
  session: Session,
  relation: Relation,
  sync: SyncConfig,
  target: PlanTarget,
): Promise<SourceSql> {
  const columns = await session.describe(relation);
  if (columns === null) {
    throw new RelationMissing(
      `${sync.origin.file}:${sync.origin.line}: there is no ${relation.schema}.${relation.name} in the warehouse`,
      {
        hint: `Run \`millrace build\`, or mend \`${sync.source.kind}: ${sync.source.name}\`.`,
        context: { sync: sync.name },
      },
    );
  }
  return compileSource(session.dialect, relation, columns, sync, target.fieldTypes);
}

/** Checks or makes the sync's binding; the caller's transaction undoes it if the plan fails. */
async function bind(
  session: Session,
  tables: StateTables,
  own: SyncTables,
  request: PlanRequest,
): Promise<StoredBinding | null> {
  const { sync, target, scope } = request;
  const stored = await ensureSync(session, tables, sync.name, sync.renamedFrom);
  const binding = bindingOf(sync, target.accountKey, target.object);
  const fresh: StoredBinding = {
    ...binding,
    sync: sync.name,
    ledger: own.ledger.name,
    mapping: canonicalMapping(sync),
    lastSettledRun: stored?.lastSettledRun ?? null,
  };
  if (stored === null) {
    await writeBinding(session, tables, fresh);
    return null;
  }
  if (scope === "rebuild" || scope === "adopt") {
    const rekeyed = stored.keyColumn !== binding.keyColumn || stored.matchColumns !== binding.matchColumns;
    if (scope === "rebuild" || rekeyed)
      await session.execute([sql`delete from ${session.dialect.relation(own.ledger)}`]);
    await writeBinding(session, tables, { ...fresh, mapping: stored.mapping });
    return stored;
  }
  if (scope === "retire" || differences(stored, binding).length === 0) return stored;
  if (!(await isUntouched(session, own))) assertBound(sync, stored, binding);
  await writeBinding(session, tables, { ...fresh, mapping: stored.mapping });
  return stored;
}

/** Nothing was ever delivered or refused: a base_url or an object that was mended has no past to decide about. */
async function isUntouched(session: Session, own: SyncTables): Promise<boolean> {
  const count = z.object({ rows: z.number() });
  for (const table of [own.ledger, own.rejects]) {
    const [found] = await session.query(sql`select count(*) as rows from ${session.dialect.relation(table)}`, count);
    if ((found?.rows ?? 0) > 0) return false;
  }
  return true;
}

async function freezeOptions(
  session: Session,
  tables: StateTables,
  own: SyncTables,
  request: PlanRequest,
): Promise<FreezeOptions> {
  const { sync, target, scope } = request;
  const others = target.kind === "list" ? await readBindings(session, tables) : [];
  return {
    runId: request.runId,
    mode: sync.mode,
    full: scope === "full" || scope === "rebuild",
    onlyRejects: scope === "rejects",
    plan: own.plan,
    ledger: own.ledger,
    rejects: own.rejects,
    // What another destination refused says nothing of rows that are there already.
    retry: scope === "adopt" ? "always" : sync.rejects.retry,
    removal: typeof sync.whenRemoved === "object" ? sync.whenRemoved.set : {},
    sharedLedgers: ledgersBesides(others, sync.name, target, tables.schema),
    movesMatch: target.movesMatch,
  };
}

interface Counted {
  readonly counts: PlanCounts;
  readonly total: number;
  readonly refusals: PlanOutcome["refusals"];
}

const countRow = z.object({
  op: z.string(),
  code: z.string().nullable(),
  message: z.string().nullable(),
  rows: z.number(),
  copies: z.number(),
  netted: z.number(),
});

async function countPlan(
  session: Session,
  own: SyncTables,
  facts: DiffFacts | null,
  sync: SyncConfig,
  ledger: Sql,
): Promise<Counted> {
  const rows = await session.query(
    sql`select op, code, message, count(*) as rows, cast(sum(copies) as bigint) as copies,
        count(case when seq is not null and prev_key <> key then 1 end) as netted
      from ${session.dialect.relation(own.plan)} where op <> 'clear' group by op, code, message`,
    countRow,
  );
  const of = (op: string): number => rows.filter((row) => row.op === op).reduce((sum, row) => sum + row.copies, 0);
  const [add, update, remove, keep] = [of("add"), of("update"), of("remove"), of("keep")];
  const refused = of("refuse") + of("standing");
  const suppressed = of("suppress");
  const fromModel = add + update + refused + suppressed + (sync.mode === "remove" ? remove : 0);
  const ledgerRows = facts?.ledgerRows ?? (await presentRows(session, ledger));
  return {
    total: add + update + remove + keep,
    refusals: rows
      .filter((row) => row.op === "refuse" || row.op === "standing")
      .map((row) => ({ code: row.code ?? "", message: row.message ?? "", rows: row.copies })),
    counts: {
      modelRows: facts?.modelRows ?? 0,
      unchanged: facts === null ? 0 : facts.modelRows - fromModel,
      add,
      update,
      remove,
      keep,
      refused,
      suppressed,
      netted: rows.reduce((sum, row) => sum + row.netted, 0),
      released: of("release"),
      ledgerRows,
    },
  };
}

async function presentRows(session: Session, ledger: Sql): Promise<number> {
  const [found] = await session.query(
    sql`select count(*) as rows from ${ledger} where state = 'present'`,
    z.object({ rows: z.number() }),
  );
  return found?.rows ?? 0;
}

function outcome(
  request: PlanRequest,
  own: SyncTables,
  counted: Counted,
  changes: readonly string[],
  fingerprintEngine: string,
  rebased: number,
): PlanOutcome {
  const { sync, scope } = request;
  const guarded =
    scope === "adopt"
      ? []
      : scope === "retire"
        ? endReasons(counted.counts)
        : guardReasons(counted.counts, sync.guard, changes);
  return {
    plan: {
      runId: request.runId,
      sync: sync.name,
      table: own.plan,
      createdAt: request.createdAt,
      counts: counted.counts,
      total: counted.total,
      removes: counted.counts.remove,
      mappingChanges: changes,
      fingerprintEngine,
    },
    heldFor: guarded,
    refusals: counted.refusals,
    fingerprintEngine,
    rebased,
  };
}
