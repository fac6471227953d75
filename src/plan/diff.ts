import { z } from "zod";
import type { Mode } from "../core/sync.ts";
import { raw, type Sql, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";
import type { SourceSql } from "./source.ts";

/** Temporary tables of one plan; they live as long as the session. */
export const diffTable = raw("millrace_diff");
export const duplicatesTable = raw("millrace_duplicates");

export interface DiffFacts {
  readonly modelRows: number;
  /** Ledger rows in state `present`. */
  readonly ledgerRows: number;
  /** Rows of the diff: 0 means nothing changed. */
  readonly differing: number;
  readonly nullKeys: number;
  /** Standing rejects of the sync, of every kind. */
  readonly rejects: number;
  /** true: `millrace_duplicates` exists and holds the keys that the model has more than once. */
  readonly hasDuplicates: boolean;
}

const facts = z.object({
  model_rows: z.number(),
  ledger_rows: z.number(),
  ledger_present: z.number(),
  differing: z.number(),
  null_keys: z.number(),
  rejects: z.number(),
  fresh: z.number(),
  gone: z.number(),
  fresh_duplicates: z.number(),
});

/** Which joined rows the mode cares about; `l.state` is NULL where the ledger has no row, `s.fast_fp` where the model has none. */
function interesting(mode: Mode, full: boolean): Sql {
  const changed = full ? raw("true") : raw("s.fast_fp is distinct from l.fast_fp");
  switch (mode) {
    case "mirror":
    case "upsert":
    case "update":
      return sql`s.fast_fp is null or l.state is null or l.state <> 'present' or ${changed}`;
    case "insert":
    case "append":
      return full ? raw("s.fast_fp is not null") : raw("l.state is null or l.state <> 'present'");
    case "remove":
      return full ? raw("true") : raw("s.fast_fp is null or l.state is null or l.state <> 'removed'");
  }
}

/** `insert` and `append` send a key once, whatever becomes of its match. */
const oncePerKey = (mode: Mode): boolean => mode === "insert" || mode === "append";

/** The ledger by key alone: a key with several matches counts as unknown before present before removed. */
const byKey = (ledger: Sql): Sql =>
  sql`select key, case max(case state when 'unknown' then 3 when 'present' then 2 else 1 end)
    when 3 then 'unknown' when 2 then 'present' else 'removed' end as state from ${ledger} group by key`;

/** Leavers matter to `mirror` (remove them) and `remove` (forget them); the other modes never look at them. */
export const seesLeavers = (mode: Mode): boolean => mode === "mirror" || mode === "remove";

/**
 * One join of model and ledger on key and match; keeps (key, match_hash, fast_fp, state) of the rows that differ.
 * `fast_fp` NULL: not in the model. `state` NULL: not in the ledger.
 */
export async function diff(
  session: Session,
  source: SourceSql,
  ledger: Sql,
  o: { readonly mode: Mode; readonly full: boolean; readonly rejects: Sql },
): Promise<DiffFacts> {
  const once = source.hasMatch && oncePerKey(o.mode);
  const on = source.hasMatch && !once ? raw("s.key = l.key and s.match_hash = l.match_hash") : raw("s.key = l.key");
  const matchHash = once
    ? raw("s.match_hash")
    : source.hasMatch
      ? raw("coalesce(s.match_hash, l.match_hash)")
      : raw("cast(0 as bigint)");
  const sourceMatch = source.hasMatch ? sql`, ${source.matchHash} as match_hash` : raw("");
  const ledgerMatch = source.hasMatch ? raw(", match_hash") : raw("");
  const ledgerRows = once ? byKey(ledger) : sql`select key${ledgerMatch}, fast_fp, state from ${ledger}`;
  const joined = seesLeavers(o.mode) ? raw("full outer join") : raw("left join");
  await session.execute([
    session.dialect.dropTemporary(diffTable),
    session.dialect.dropTemporary(duplicatesTable),
    sql`create temporary table ${diffTable} as
      select coalesce(s.key, l.key) as key, ${matchHash} as match_hash, s.fast_fp, l.state
      from (select ${source.key} as key${sourceMatch}, ${source.fastFingerprint} as fast_fp from ${source.relation}) s
      ${joined} (${ledgerRows}) l on ${on}
      where ${interesting(o.mode, o.full)}`,
    ...session.dialect.statistics(diffTable),
  ]);
  const [found] = await session.query(
    sql`select
      (select count(*) from ${source.relation}) as model_rows,
      (select count(*) from ${ledger}) as ledger_rows,
      (select count(*) from ${o.rejects}) as rejects,
      (select count(*) from ${ledger} where state = 'present') as ledger_present,
      count(*) as differing,
      count(case when fast_fp is not null and key is null then 1 end) as null_keys,
      count(case when fast_fp is not null and state is null then 1 end) as fresh,
      count(case when fast_fp is null then 1 end) as gone,
      (select count(*) from (
        select key from ${diffTable} where fast_fp is not null and key is not null group by key having count(*) > 1
      ) d) as fresh_duplicates
      from ${diffTable}`,
    facts,
  );
  if (found === undefined) throw new Error("an aggregate without groups has one row");
  const hasDuplicates = await findDuplicates(session, source, o.mode, found);
  return {
    modelRows: found.model_rows,
    ledgerRows: found.ledger_present,
    differing: found.differing,
    nullKeys: found.null_keys,
    rejects: found.rejects,
    hasDuplicates,
  };
}

/**
 * Counting the keys of a large model costs as much as the join, so a mirror looks only when something gives a duplicate
 * away: joined rows beyond the ledger rows they joined (each ledger row joins once unless the model repeats its key),
 * a key twice among the differing rows, or, where a match can split a key's rows, any differing row's key. Copies that
 * each equal a ledger row of their own go unnoticed: nothing would be sent for them.
 */
async function findDuplicates(
  session: Session,
  source: SourceSql,
  mode: Mode,
  found: z.infer<typeof facts>,
): Promise<boolean> {
  const matchedRows = found.model_rows - found.fresh;
  const matchedLedger = found.ledger_rows - found.gone;
  const suspected = !seesLeavers(mode) || matchedRows !== matchedLedger || found.fresh_duplicates > 0;
  const splitByMatch = source.hasMatch && found.differing > found.gone;
  if (!suspected && !splitByMatch) return false;
  const among = suspected
    ? raw("true")
    : sql`${source.key} in (select key from ${diffTable} where fast_fp is not null)`;
  await session.execute([
    sql`create temporary table ${duplicatesTable} as
      select ${source.key} as key, count(*) as copies from ${source.relation}
      where ${source.key} is not null and ${among} group by 1 having count(*) > 1`,
  ]);
  return true;
}
