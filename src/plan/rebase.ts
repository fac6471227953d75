import { columnList, ledgerColumns } from "../state/schema.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { atomic, type Within } from "../warehouse/script.ts";
import { join, raw, type Sql, sql } from "../warehouse/sql.ts";
import type { SourceSql } from "./source.ts";

/**
 * After an upgrade of the engine, or of a column's type, the fast fingerprints in the ledger mean nothing any more.
 * Rows whose stable fingerprint still is the model's get the new fast one; the others get NULL, which differs from
 * everything. Happens once; an upgrade never re-sends what has not changed.
 */
export function rebaseStatements(
  dialect: Dialect,
  source: SourceSql,
  ledger: Sql,
  matchNames: readonly string[],
  within: Within,
): Sql[] {
  const engine = source.fingerprintEngine;
  const stale = sql`fp_engine is distinct from ${engine}`;
  const names = matchNames.toSorted();
  const matchHash = source.hasMatch
    ? dialect.fastFingerprint(
        names.map((name) => dialect.jsonMember(raw("l.identifiers"), name)),
        "",
      )
    : raw("cast(0 as bigint)");
  const columns = columnList(dialect, ledgerColumns);
  const rebased: Readonly<Record<string, Sql>> = {
    match_hash: raw("l.new_match_hash"),
    fast_fp: raw("case when s.stable_fp = l.stable_fp then s.fast_fp end"),
    fp_engine: sql`${engine}`,
  };
  const selected = join(
    ledgerColumns.map(({ name }) => sql`${rebased[name] ?? raw(`l.${name}`)} as ${dialect.ident(name)}`),
  );
  const temporary = raw("millrace_rebased");
  const replaced = [
    sql`delete from ${ledger} where ${stale}`,
    sql`insert into ${ledger} (${columns}) select ${columns} from ${temporary}`,
  ];
  return [
    dialect.dropTemporary(temporary),
    sql`create temporary table ${temporary} as
      select ${selected} from (select l.*, ${matchHash} as new_match_hash from ${ledger} l where ${stale}) l
      left join (
        select ${source.key} as key, ${source.matchHash} as match_hash, min(${source.fastFingerprint}) as fast_fp, min(${source.stableFingerprint}) as stable_fp
        from ${source.relation} where ${source.key} is not null group by 1, 2 having count(*) = 1
      ) s on s.key = l.key and s.match_hash = l.new_match_hash`,
    ...(within === "transaction" ? replaced : atomic(replaced)),
    dialect.dropTemporary(temporary),
  ];
}
