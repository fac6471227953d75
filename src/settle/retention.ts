import { z } from "zod";
import { type StateTables, syncTables } from "../state/names.ts";
import { join, type Sql, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";

/** Days a table keeps its rows; undefined: for ever. Rejects are never emptied. */
export interface Retention {
  readonly resultsDays?: number;
  readonly runsDays?: number;
  readonly plansDays?: number;
}

const dayMs = 86_400_000;

/**
 * Deletes what is older than the customer keeps. Rows of unknown outcome stay until somebody decides them, and so do the
 * runs they belong to; a plan is dropped `plansDays` after its run was settled.
 * @param waiting syncs whose newest plan is held, shown or under way
 */
export async function applyRetention(
  session: Session,
  tables: StateTables,
  retention: Retention,
  now: Date,
  waiting: ReadonlySet<string>,
): Promise<void> {
  const { dialect } = session;
  const results = dialect.relation(tables.results);
  const before = (days: number) =>
    sql`cast(${new Date(now.getTime() - days * dayMs).toISOString()} as ${dialect.typeName("timestamp")})`;
  const statements: Sql[] = [];
  if (retention.resultsDays !== undefined) {
    statements.push(
      sql`delete from ${results} where ${dialect.ident("at")} < ${before(retention.resultsDays)} and status <> 'unknown'`,
    );
  }
  if (retention.runsDays !== undefined) {
    const open = sql`select run_id from ${results} where status = 'unknown'`;
    const old = [sql`ended_at < ${before(retention.runsDays)}`, sql`run_id not in (${open})`];
    statements.push(sql`delete from ${dialect.relation(tables.runs)} where ${join(old, " and ")}`);
  }
  if (retention.plansDays !== undefined) {
    const ended = sql`select sync from ${dialect.relation(tables.runs)} group by sync having max(ended_at) < ${before(retention.plansDays)}`;
    const syncs = (await session.query(ended, z.object({ sync: z.string() }))).filter(({ sync }) => !waiting.has(sync));
    for (const { sync } of syncs) {
      const { plan } = syncTables(tables.schema, sync, dialect.traits.maxIdentifier);
      statements.push(sql`drop table if exists ${dialect.relation(plan)}`);
    }
  }
  if (statements.length > 0) await session.execute(statements);
}
