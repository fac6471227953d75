import type { z } from "zod";
import { type Look, lookOf, lookSelects, saying, unionAll } from "../state/look.ts";
import type { StateTables, SyncTables } from "../state/names.ts";
import type { Within } from "../warehouse/script.ts";
import { type Sql, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";
import { type DiffFacts, type DiffOptions, diffStatements, factsOf, factsSelect } from "./diff.ts";
import { rebaseStatements } from "./rebase.ts";
import type { PlanRequest } from "./request.ts";
import type { SourceSql } from "./source.ts";

export interface Comparison {
  /** null: the tables are there and nobody's. */
  readonly look: Look | null;
  readonly facts: DiffFacts;
  /** Ledger rows whose fingerprints were brought to a new engine. */
  readonly rebased: number;
}

export interface CompareOptions {
  readonly tables: StateTables;
  readonly own: SyncTables;
  readonly request: PlanRequest;
  readonly source: SourceSql;
  /** The plan will empty the ledger before it is frozen: it counts as empty already. */
  readonly emptied: boolean;
  readonly within: Within;
}

/** What the diff compares with. */
const ledgerOf = (ledger: Sql, emptied: boolean): Sql =>
  emptied ? sql`(select * from ${ledger} where false) emptied` : ledger;

/**
 * Makes the diff as a temporary table and asks, in the same script, what it came to and what Millrace's tables say: so a plan
 * costs few statements, whatever the state turns out to be. Changes nothing but fingerprints of another engine (one script more).
 * @throws RelationMissing or ColumnMissing if Millrace's tables are not there yet or of an older version
 */
export async function compare(session: Session, o: CompareOptions): Promise<Comparison> {
  const first = await ask(session, o, []);
  if (first.facts.stale === 0) return { ...first, rebased: 0 };
  const { dialect } = session;
  const ledger = dialect.relation(o.own.ledger);
  const rebase = rebaseStatements(dialect, o.source, ledger, Object.keys(o.request.sync.match), o.within);
  return { ...(await ask(session, o, rebase)), rebased: first.facts.stale };
}

async function ask(
  session: Session,
  { tables, own, request, source, emptied }: CompareOptions,
  before: readonly Sql[],
): Promise<Omit<Comparison, "rebased">> {
  const { dialect } = session;
  const { sync, scope } = request;
  const options: DiffOptions = {
    mode: sync.mode,
    full: scope === "full" || scope === "rebuild",
    ledger: ledgerOf(dialect.relation(own.ledger), emptied),
    rejects: dialect.relation(own.rejects),
  };
  const answer = unionAll([...lookSelects(dialect, tables, sync.name, "there"), factsSelect(dialect, source, options)]);
  const rows: z.infer<typeof saying>[] = await session.script(
    [...before, ...diffStatements(dialect, source, options), answer],
    saying,
  );
  return { look: lookOf(rows, tables), facts: factsOf(rows, source, sync.mode) };
}
