import { z } from "zod";
import type { Mode } from "../core/sync.ts";
import { saidOf, type saying, says } from "../state/look.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { raw, type Sql, sql } from "../warehouse/sql.ts";
import type { SourceSql } from "./source.ts";

/** Temporary tables of one plan; they live as long as the session. */
export const diffTable = raw("millrace_diff");
export const duplicatesTable = raw("millrace_duplicates");

export interface DiffFacts {
  readonly modelRows: number;
  /** Ledger rows in any state. */
  readonly allLedgerRows: number;
  /** Ledger rows in state `present`. */
  readonly ledgerRows: number;
  /** Ledger rows whose fast fingerprint is another engine's, or another type's. */
  readonly stale: number;
  /** Rows of the diff: 0 means nothing changed. */
  readonly differing: number;
  readonly nullKeys: number;
  /** Standing rejects of the sync, of every kind. */
  readonly rejects: number;
  /** Where keys that the model repeats may be; null: it repeats none that matters. */
  readonly duplicates: "anywhere" | "differing" | null;
}

const counted = z.object({
  model_rows: z.number(),
  ledger_rows: z.number(),
  ledger_present: z.number(),
  stale: z.number(),
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

/** Whether the diff itself tells what the ledger holds of a row: otherwise the ledger is read again for the rows that differ. */
export const tellsLedger = (dialect: Dialect, source: SourceSql, mode: Mode): boolean =>
  dialect.traits.readsWholeRows && !(source.hasMatch && oncePerKey(mode));

/** What a plan needs to know of a ledger row. */
export const ledgerFacts = ["identifiers", "stable_fp", "external_id"] as const;

export interface DiffOptions {
  readonly mode: Mode;
  readonly full: boolean;
  readonly ledger: Sql;
  readonly rejects: Sql;
}

/**
 * One join of model and ledger on key and match; keeps (key, match_hash, fast_fp, state) of the rows that differ, and
 * `ledgerFacts` where `tellsLedger`. `fast_fp` NULL: not in the model. `state` NULL: not in the ledger.
 */
export function diffStatements(dialect: Dialect, source: SourceSql, o: DiffOptions): Sql[] {
  const { ledger } = o;
  const once = source.hasMatch && oncePerKey(o.mode);
  const on = source.hasMatch && !once ? raw("s.key = l.key and s.match_hash = l.match_hash") : raw("s.key = l.key");
  const matchHash = once
    ? raw("s.match_hash")
    : source.hasMatch
      ? raw("coalesce(s.match_hash, l.match_hash)")
      : raw("cast(0 as bigint)");
  const sourceMatch = source.hasMatch ? sql`, ${source.matchHash} as match_hash` : raw("");
  const ledgerMatch = source.hasMatch ? raw(", match_hash") : raw("");
  const told = tellsLedger(dialect, source, o.mode) ? ledgerFacts : [];
  const toldOf = (from: string): Sql => raw(told.map((name) => `, ${from}${name}`).join(""));
  const ledgerRows = once ? byKey(ledger) : sql`select key${ledgerMatch}, fast_fp, state${toldOf("")} from ${ledger}`;
  const joined = seesLeavers(o.mode) ? raw("full outer join") : raw("left join");
  return [
    dialect.dropTemporary(diffTable),
    sql`create temporary table ${diffTable} as
      select coalesce(s.key, l.key) as key, ${matchHash} as match_hash, s.fast_fp, l.state${toldOf("l.")}
      from (select ${source.key} as key${sourceMatch}, ${source.fastFingerprint} as fast_fp from ${source.relation}) s
      ${joined} (${ledgerRows}) l on ${on}
      where ${interesting(o.mode, o.full)}`,
    ...dialect.statistics(diffTable),
  ];
}

/** What `factsOf` reads, as a select of `saying` rows; after `diffStatements`. */
export function factsSelect(dialect: Dialect, source: SourceSql, { ledger, rejects }: DiffOptions): Sql {
  const names = Object.keys(counted.shape).map((name) => [name, "integer"] as const);
  return says(
    dialect,
    "facts",
    names,
    sql`(
      select m.model_rows, l.ledger_rows, l.ledger_present, l.stale, r.rejects, d.differing, d.null_keys, d.fresh, d.gone, u.fresh_duplicates
      from (select count(*) as model_rows from ${source.relation}) m
      cross join (select count(*) as ledger_rows, count(case when state = 'present' then 1 end) as ledger_present,
        count(case when fp_engine is distinct from ${source.fingerprintEngine} then 1 end) as stale from ${ledger}) l
      cross join (select count(*) as rejects from ${rejects}) r
      cross join (select count(*) as differing,
        count(case when fast_fp is not null and key is null then 1 end) as null_keys,
        count(case when fast_fp is not null and state is null then 1 end) as fresh,
        count(case when fast_fp is null then 1 end) as gone from ${diffTable}) d
      cross join (select count(*) as fresh_duplicates from (
        select key from ${diffTable} where fast_fp is not null and key is not null group by key having count(*) > 1) k) u
    ) f`,
  );
}

export function factsOf(rows: readonly z.infer<typeof saying>[], source: SourceSql, mode: Mode): DiffFacts {
  const [found] = saidOf(rows, "facts", counted);
  if (found === undefined) throw new Error("an aggregate without groups has one row");
  return {
    modelRows: found.model_rows,
    allLedgerRows: found.ledger_rows,
    ledgerRows: found.ledger_present,
    stale: found.stale,
    differing: found.differing,
    nullKeys: found.null_keys,
    rejects: found.rejects,
    duplicates: suspicion(source, mode, found),
  };
}

/**
 * Counting the keys of a large model costs as much as the join, so a mirror looks only when something gives a duplicate
 * away: joined rows beyond the ledger rows they joined (each ledger row joins once unless the model repeats its key),
 * a key twice among the differing rows, or, where a match can split a key's rows, any differing row's key. Copies that
 * each equal a ledger row of their own go unnoticed: nothing would be sent for them.
 */
function suspicion(source: SourceSql, mode: Mode, found: z.infer<typeof counted>): DiffFacts["duplicates"] {
  const matchedRows = found.model_rows - found.fresh;
  const matchedLedger = found.ledger_rows - found.gone;
  if (!seesLeavers(mode) || matchedRows !== matchedLedger || found.fresh_duplicates > 0) return "anywhere";
  return source.hasMatch && found.differing > found.gone ? "differing" : null;
}

/** The keys that the model has more than once, as `millrace_duplicates`. */
export function duplicatesStatements(dialect: Dialect, source: SourceSql, where: DiffFacts["duplicates"]): Sql[] {
  if (where === null) return [];
  const among =
    where === "anywhere" ? raw("true") : sql`${source.key} in (select key from ${diffTable} where fast_fp is not null)`;
  return [
    dialect.dropTemporary(duplicatesTable),
    sql`create temporary table ${duplicatesTable} as
      select ${source.key} as key, count(*) as copies from ${source.relation}
      where ${source.key} is not null and ${among} group by 1 having count(*) > 1`,
  ];
}
