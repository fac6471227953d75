import { z } from "zod";
import { ColumnMissing, MillraceError, RelationMissing, WarehouseFailed } from "../core/errors.ts";
import type { Plan } from "../core/plan.ts";
import type { Relation } from "../core/relation.ts";
import type { SyncConfig } from "../core/sync.ts";
import type { StoredBinding } from "../state/bindings.ts";
import { ensureSync } from "../state/ensure.ts";
import { type Look, readLook } from "../state/look.ts";
import { type StateTables, type SyncTables, syncTables } from "../state/names.ts";
import { stateVersion } from "../state/schema.ts";
import { ledgersBesides } from "../state/sharing.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { atomic, type Within } from "../warehouse/script.ts";
import { type Sql, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";
import { bind, emptiesLedger } from "./bind.ts";
import { type CompareOptions, type Comparison, compare } from "./compare.ts";
import { type Counted, countQuery, countRow, countsOf } from "./count-plan.ts";
import { duplicatesStatements } from "./diff.ts";
import { type FreezeOptions, freezeStatements, retirementStatements, unchangedStatements } from "./freeze.ts";
import { endReasons, guardReasons } from "./guard.ts";
import { canonicalMapping, mappingChanges } from "./mapping.ts";
import type { PlanRequest } from "./request.ts";
import { compileSource, type SourceSql } from "./source.ts";

export type { PlanRequest, PlanTarget } from "./request.ts";

/** A strict sync stops at the first row it would refuse. */
export class RowsRefused extends MillraceError {
  override readonly code = "ROWS_REFUSED";
  override readonly retry = "after-fix";
}

export interface PlanOutcome {
  readonly plan: Plan;
  readonly heldFor: readonly string[];
  readonly refusals: Counted["refusals"];
  readonly fingerprintEngine: string;
  /** Ledger rows whose fingerprints were brought to a new engine. */
  readonly rebased: number;
  /** What the warehouse read for it, where the engine bills by bytes; null elsewhere. */
  readonly bytesRead: number | null;
}

/** Told what the warehouse says of itself before anything is written; null: Millrace's tables are not there. Makes those all syncs share. */
export type Vouch = (look: Look | null) => Promise<void>;

/**
 * Compares model and ledger inside the warehouse and freezes the difference. All of it, or nothing. Write session; sends nothing.
 * Costs three statements, whatever the size: the model's columns, the comparison, the frozen plan with its counts. An upgrade of
 * the engine costs, once, one more. What is rare costs a few more: a sync's first plan, `adopt`, `retire`, a `strict` that refuses.
 */
export async function makePlan(
  session: Session,
  tables: StateTables,
  request: PlanRequest,
  vouch: Vouch = async () => undefined,
): Promise<PlanOutcome> {
  const before = session.meter?.bytesRead ?? 0;
  const made = await frozenPlan(session, tables, request, vouch);
  return { ...made, bytesRead: session.meter === undefined ? null : session.meter.bytesRead - before };
}

type Unmetered = Omit<PlanOutcome, "bytesRead">;

async function frozenPlan(
  session: Session,
  tables: StateTables,
  request: PlanRequest,
  vouch: Vouch,
): Promise<Unmetered> {
  const { sync, scope } = request;
  const own = syncTables(tables.schema, sync.name, session.dialect.traits.maxIdentifier);
  const place = { tables, own, request };
  const source = scope === "retire" ? null : await describeSource(session, request);
  if (source !== null && scope !== "adopt") {
    const found = await quickComparison(session, { ...place, source, emptied: scope === "rebuild", within: "script" });
    if (found !== null) {
      await vouch(found.look);
      return sync.strict ? strictly(session, place, source, found) : conclude(session, place, source, found, "script");
    }
  }
  await vouch(await readLook(session, tables, sync.name));
  return session.transaction(async () => {
    const stored = await ensureSync(session, tables, sync.name, sync.renamedFrom);
    if (source === null) return retire(session, place, stored);
    const emptied = emptiesLedger(request, stored);
    const found = await compare(session, { ...place, source, emptied, within: "transaction" });
    return conclude(session, place, source, found, "transaction");
  });
}

interface Place {
  readonly tables: StateTables;
  readonly own: SyncTables;
  readonly request: PlanRequest;
}

/** The comparison where everything stands as it should; null where tables must first be made, renamed or brought forward. */
async function quickComparison(
  session: Session,
  o: CompareOptions,
): Promise<(Comparison & { readonly look: Look }) | null> {
  const { sync } = o.request;
  try {
    const found = await compare(session, o);
    const { look } = found;
    if (look === null || look.meta.version !== stateVersion) return null;
    return look.bindings.some((binding) => binding.sync === sync.name) ? { ...found, look } : null;
  } catch (error) {
    // Of our tables or of the model's: the slow way finds out, and says so.
    if (error instanceof RelationMissing || error instanceof ColumnMissing) return null;
    throw error;
  }
}

/**
 * The plan's script ends in a statement that fails where the plan refuses a row, which undoes the script: mostly none does, and
 * then nobody has to look before the commit. Who was refused is found out in a second try, which looks.
 */
async function strictly(
  session: Session,
  place: Place,
  source: SourceSql,
  found: Comparison & { readonly look: Look },
): Promise<Unmetered> {
  const looking = () => session.transaction(() => conclude(session, place, source, found, "transaction"));
  // Where DDL commits by itself, a script would keep what is decided about the ledger, also of a plan that is refused.
  const undone = session.dialect.traits.transactionalDdl || decided(session.dialect, place, found).length === 0;
  if (!undone) return looking();
  try {
    return await conclude(session, place, source, found, "checked script");
  } catch (error) {
    if (!(error instanceof WarehouseFailed)) throw error;
    return looking();
  }
}

/** What the plan decides about the sync's ledger. */
const decided = (dialect: Dialect, { tables, own, request }: Place, { look, facts }: Comparison): Sql[] =>
  bind(
    dialect,
    tables,
    own,
    request,
    bindingIn(look, request.sync.name),
    facts.allLedgerRows === 0 && facts.rejects === 0,
  );

/** Fails where the plan refuses a row. */
const refusesNothing = (dialect: Dialect, plan: Relation): Sql =>
  sql`select cast(case when count(*) > 0 then 'refused' else '0' end as ${dialect.typeName("int")}) as refused
    from ${dialect.relation(plan)} where op in ('refuse', 'standing')`;

async function conclude(
  session: Session,
  place: Place,
  source: SourceSql,
  found: Comparison,
  how: Within | "checked script",
): Promise<Unmetered> {
  const { dialect } = session;
  const { tables, own, request } = place;
  const { look, facts, rebased } = found;
  const { sync, target } = request;
  const stored = bindingIn(look, sync.name);
  const bound = decided(dialect, place, found);
  const options = freezeOptions(tables, own, request, look);
  const frozen = [
    ...freezeStatements(dialect, source, facts, options),
    ...(target.contents === "snapshot" && request.scope !== "adopt"
      ? unchangedStatements(dialect, source, facts, options)
      : []),
    ...(how === "checked script" ? [refusesNothing(dialect, own.plan)] : []),
  ];
  const rows = await session.script(
    [
      ...duplicatesStatements(dialect, source, facts.duplicates),
      ...together(dialect, bound, frozen, how === "transaction" ? how : "script"),
      countQuery(dialect, own.plan),
    ],
    countRow,
  );
  const counted = countsOf(rows, facts, sync);
  if (sync.strict && counted.refusals.length > 0) throw refusedRows(sync, counted);
  const changes =
    facts.ledgerRows === 0 || stored === null ? [] : mappingChanges(stored.mapping, canonicalMapping(sync));
  return outcome(request, own, counted, changes, source.fingerprintEngine, rebased);
}

/** Where tables cannot be replaced within a transaction, what was decided about the ledger is kept before the plan is. */
function together(dialect: Dialect, written: readonly Sql[], tables: readonly Sql[], within: Within): readonly Sql[] {
  if (within === "transaction") return [...written, ...tables];
  return dialect.traits.transactionalDdl ? atomic([...written, ...tables]) : [...atomic(written), ...tables];
}

const bindingIn = (look: Look | null, sync: string): StoredBinding | null =>
  look?.bindings.find((binding) => binding.sync === sync) ?? null;

async function retire(session: Session, place: Place, stored: StoredBinding | null): Promise<Unmetered> {
  const { tables, own, request } = place;
  const { dialect } = session;
  const look = await readLook(session, tables, request.sync.name);
  const [present] = await session.query(
    sql`select count(*) as ${dialect.ident("rows")} from ${dialect.relation(own.ledger)} where state = 'present'`,
    z.object({ rows: z.number() }),
  );
  const rows = await session.script(
    [
      // A sync that never ran has no destination yet: nothing to end, but its binding says so from now on.
      ...(stored === null ? bind(dialect, tables, own, request, null, true) : []),
      ...retirementStatements(dialect, freezeOptions(tables, own, request, look)),
      countQuery(dialect, own.plan),
    ],
    countRow,
  );
  // Nothing is said of the model: it may be gone already.
  const counted = countsOf(rows, { modelRows: 0, ledgerRows: present?.rows ?? 0 }, request.sync);
  return outcome(request, own, { ...counted, counts: { ...counted.counts, unchanged: 0 } }, [], "", 0);
}

function refusedRows(sync: SyncConfig, { refusals }: Counted): RowsRefused {
  const told = refusals.map(({ code, rows }) => `${code}: ${rows}`).join(", ");
  return new RowsRefused(
    `${sync.origin.file}:${sync.origin.line}: strict sync ${sync.name} would refuse rows (${told})`,
    { hint: "Mend the model, or take `strict: true` away to let the other rows go on." },
  );
}

async function describeSource(session: Session, { relation, sync, target }: PlanRequest): Promise<SourceSql> {
  const columns = await session.describe(relation);
  if (columns === null) {
    throw new RelationMissing(
      `${sync.origin.file}:${sync.origin.line}: there is no ${relation.schema}.${relation.name} in the warehouse`,
      {
        hint: `Run \`millrace build\`, mend \`${sync.source.kind}: ${sync.source.name}\`, or let Millrace's role see it: \`millrace grants\`.`,
        context: { sync: sync.name },
      },
    );
  }
  return compileSource(session.dialect, relation, columns, sync, target.fieldTypes);
}

function freezeOptions(tables: StateTables, own: SyncTables, request: PlanRequest, look: Look | null): FreezeOptions {
  const { sync, target, scope } = request;
  const others = target.kind === "list" ? (look?.bindings ?? []) : [];
  return {
    runId: request.runId,
    mode: sync.mode,
    full: scope === "full" || scope === "rebuild",
    onlyRejects: scope === "rejects",
    plan: own.plan,
    ledger: own.ledger,
    rejects: own.rejects,
    profiles: request.profiles ?? null,
    // What another destination refused says nothing of rows that are there already.
    retry: scope === "adopt" ? "always" : sync.rejects.retry,
    removal: typeof sync.whenRemoved === "object" ? sync.whenRemoved.set : {},
    sharedLedgers: ledgersBesides(others, sync.name, target, tables.schema),
    movesMatch: target.movesMatch,
  };
}

function outcome(
  request: PlanRequest,
  own: SyncTables,
  counted: Counted,
  changes: readonly string[],
  fingerprintEngine: string,
  rebased: number,
): Unmetered {
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
