import type { Relation } from "../core/relation.ts";
import type { Mode, RejectRetry } from "../core/sync.ts";
import type { Value } from "../core/value.ts";
import { createTable, planColumns } from "../state/schema.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { join, raw, type Sql, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";
import { type DiffFacts, diffTable, duplicatesTable } from "./diff.ts";
import type { SourceSql } from "./source.ts";

export interface FreezeOptions {
  readonly runId: string;
  readonly mode: Mode;
  /** Everything is sent again, standing rejects too. */
  readonly full: boolean;
  /** Only keys that were refused (`millrace retry`), whatever the retry policy says. */
  readonly onlyRejects: boolean;
  readonly plan: Relation;
  readonly ledger: Relation;
  readonly rejects: Relation;
  readonly retry: RejectRetry;
  /** Payload of a removal: the values of `when_removed: {set}`, or {}. */
  readonly removal: Value;
  /** Ledgers of other syncs with the same list: whom they hold is not removed there. */
  readonly sharedLedgers: readonly Relation[];
  /** The target can move a record to new identifiers by its own id, so a changed match is one update. */
  readonly movesMatch: boolean;
}

/** Operations of a plan that are sent; every other row of the plan tells settle and `why` what was decided without sending. */
const sent = raw("('add', 'update', 'remove')");

/**
 * Turns the diff into the frozen plan, in one statement. From CTE to CTE: keys the model repeats → candidates (model
 * rows that differ, with payload) → takeovers and collisions of identifiers → judged (what refuses a row) → leavers →
 * decided (one operation a row) → numbered, removals first.
 */
export async function freeze(session: Session, source: SourceSql, facts: DiffFacts, o: FreezeOptions): Promise<void> {
  const { dialect } = session;
  const t = tablesOf(dialect, o);
  const runId = sql`cast(${o.runId} as ${t.textType})`;
  if (facts.differing === 0 && facts.rejects === 0 && !facts.hasDuplicates) {
    // Nothing below could find a row, and would still read model and ledger to say so.
    return session.execute([sql`drop table if exists ${t.plan}`, createTable(dialect, o.plan, planColumns)]);
  }
  const matching = source.hasMatch || o.movesMatch;
  await session.execute([
    sql`create or replace table ${t.plan} as
with duplicates as (${duplicates(t, facts)}),
candidates as (${candidates(source, t, o)}),
taken as (${matching ? taken(source, t, o) : nothingTaken(t)}),
known as (${known(source, t)}),
judged as (${judged(t, o)}),
leavers as (${leavers(t, o)}),
decided as (
  ${join([writes(t, o.mode, matching), refusedKeys(t, facts), leaving(session.dialect, t, o), cleared(source, t, o)], "\n  union all\n  ")}
),
removals as (select * from decided where op = 'remove'),
others as (select * from decided where op in ('add', 'update'))
select ${runId} as run_id, row_number() over () as seq, * from removals
union all
select ${runId}, row_number() over () + (select count(*) from removals), * from others
union all
select ${runId}, ${t.noInt}, * from decided where op not in ${sent}`,
  ]);
}

/** Rewrites of unchanged rows for a snapshot target, numbered after the plan's last seq. */
export async function freezeUnchanged(
  session: Session,
  source: SourceSql,
  facts: DiffFacts,
  o: FreezeOptions,
): Promise<void> {
  const t = tablesOf(session.dialect, o);
  const same = source.hasMatch
    ? sql`d.key = ${source.key} and d.match_hash = ${source.matchHash}`
    : sql`d.key = ${source.key}`;
  await session.execute([
    sql`insert into ${t.plan}
      select cast(${o.runId} as ${t.textType}), row_number() over () + (select coalesce(max(seq), 0) from ${t.plan}), 'keep', ${source.key},
        ${source.matchHash}, ${t.noText}, ${t.noInt}, ${t.noText}, ${source.identifiers}, ${source.fields}, ${source.fastFingerprint},
        ${source.stableFingerprint}, ${t.noText}, ${t.noText}, ${t.noText}, 1
      from ${source.relation}
      where ${source.key} is not null and not exists (select 1 from ${diffTable} d where ${same})
        and not exists (select 1 from (${duplicates(t, facts)}) x where x.key = ${source.key})`,
  ]);
}

/** A plan that removes everything the ledger holds (`retire --remove`). */
export async function freezeRetirement(session: Session, o: FreezeOptions): Promise<void> {
  const t = tablesOf(session.dialect, o);
  await session.execute([
    sql`create or replace table ${t.plan} as
      with leavers as (
        select l.key, l.match_hash, l.identifiers, l.stable_fp, l.external_id, ${releaseOrRemove(t)} as op
        from ${t.ledger} l where l.state = 'present'
      ), decided as (${leaving(session.dialect, t, o)})
      select cast(${o.runId} as ${t.textType}) as run_id, row_number() over () as seq, * from decided where op = 'remove'
      union all
      select cast(${o.runId} as ${t.textType}), ${t.noInt}, * from decided where op <> 'remove'`,
  ]);
}

interface Tables {
  readonly plan: Sql;
  readonly ledger: Sql;
  readonly rejects: Sql;
  readonly shared: readonly Sql[];
  readonly textType: Sql;
  readonly noText: Sql;
  readonly noInt: Sql;
}

function tablesOf(dialect: Dialect, o: FreezeOptions): Tables {
  const textType = dialect.typeName("text");
  return {
    plan: dialect.relation(o.plan),
    ledger: dialect.relation(o.ledger),
    rejects: dialect.relation(o.rejects),
    shared: o.sharedLedgers.map((ledger) => dialect.relation(ledger)),
    textType,
    noText: sql`cast(null as ${textType})`,
    noInt: sql`cast(null as ${dialect.typeName("int")})`,
  };
}

const duplicates = (t: Tables, facts: DiffFacts): Sql =>
  facts.hasDuplicates
    ? sql`select key, copies from ${duplicatesTable}`
    : sql`select ${t.noText} as key, ${t.noInt} as copies where false`;

function candidates(source: SourceSql, t: Tables, o: FreezeOptions): Sql {
  const on = source.hasMatch
    ? sql`${source.key} = d.key and ${source.matchHash} = d.match_hash`
    : sql`${source.key} = d.key`;
  const inScope = o.onlyRejects ? sql`exists (select 1 from ${t.rejects} r where r.key = d.key)` : raw("true");
  return sql`
  select d.key, d.match_hash, d.fast_fp, d.state, ${source.identifiers} as identifiers, ${source.fields} as fields,
    ${source.stableFingerprint} as stable_fp, ${source.refusalCode} as code, ${source.refusalMessage} as message,
    ${inScope} as in_scope
  from ${diffTable} d join ${source.relation} on ${on}
  where d.fast_fp is not null and not exists (select 1 from duplicates x where x.key = d.key)`;
}

const nothingTaken = (t: Tables): Sql =>
  sql`select ${t.noText} as key, ${t.noInt} as match_hash, false as collides, ${t.noText} as prev_key, ${t.noInt} as prev_match_hash where false`;

/**
 * New rows whose identifiers somebody has already: another new row (the least key wins), a ledger row whose own model
 * row lives or is frozen (it keeps them), or a leaver's ledger row, which the new row takes over, so that nobody is
 * removed and added again. With `movesMatch` a key's own former ledger row is taken over likewise.
 */
function taken(source: SourceSql, t: Tables, o: FreezeOptions): Sql {
  const moves = o.movesMatch
    ? sql`select n.key, n.match_hash, l.key as holder_key, l.match_hash as holder_match, 0 as lives
      from arrivals n join ${t.ledger} l on l.key = n.key and l.match_hash <> n.match_hash and l.state = 'present' and l.external_id is not null
      union all `
    : raw("");
  return sql`
  with arrivals as (
    select key, match_hash, row_number() over (partition by match_hash order by key) as place
    from candidates where code is null and (state is null or state = 'removed')
  ), held as (
    ${moves}select n.key, n.match_hash, l.key, l.match_hash,
      case when exists (select 1 from ${source.relation} where ${source.key} = l.key and ${source.matchHash} = l.match_hash)
        or exists (select 1 from candidates z where z.key = l.key and z.code is not null)
        or exists (select 1 from duplicates x where x.key = l.key) then 1 else 0 end
    from arrivals n join ${t.ledger} l on l.match_hash = n.match_hash and l.key <> n.key and l.state = 'present'
  ), holders as (
    select key, match_hash, max(lives) as lives, min(holder_key) as holder_key, min(holder_match) as holder_match
    from ${o.movesMatch ? raw("held") : raw("held as held(key, match_hash, holder_key, holder_match, lives)")} group by key, match_hash
  )
  select a.key, a.match_hash, a.place > 1 or coalesce(h.lives, 0) = 1 as collides,
    case when a.place = 1 and h.lives = 0 then h.holder_key end as prev_key,
    case when a.place = 1 and h.lives = 0 then h.holder_match end as prev_match_hash
  from arrivals a left join holders h on h.key = a.key and h.match_hash = a.match_hash`;
}

/** Rejects that the policy does not try again while the row is unchanged; removals are always tried again. */
function judged(t: Tables, o: FreezeOptions): Sql {
  const policy = o.onlyRejects || o.full ? "always" : o.retry;
  const held =
    policy === "always" ? raw("false") : policy === "on_change" ? raw("true") : sql`attempts >= ${policy.times}`;
  return sql`
  select c.key, c.match_hash, c.fast_fp, c.state, c.identifiers, c.fields, c.stable_fp, k.prev_key, k.prev_match_hash,
    case when c.state = 'unknown' or not c.in_scope then 'suppress'
      when c.code is not null or k.collides then 'refuse'
      when r.code is not null then 'standing' end as kept,
    coalesce(c.code, case when k.collides then 'DUPLICATE_MATCH' end, r.code) as code,
    coalesce(c.message, case when k.collides then 'another row of the model holds the record with these identifiers' end, r.message) as message
  from candidates c
  left join taken k on k.key = c.key and k.match_hash = c.match_hash
  left join (
    select key, match, fingerprint, min(code) as code, min(message) as message from ${t.rejects}
    where op in ('add', 'update') and ${held} group by key, match, fingerprint
  ) r on r.key = c.key and r.match = c.identifiers and r.fingerprint = c.stable_fp`;
}

const releaseOrRemove = (t: Tables): Sql =>
  t.shared.length === 0
    ? raw("'remove'")
    : sql`case when ${join(
        t.shared.map(
          (other) => sql`exists (select 1 from ${other} o where o.state = 'present' and o.identifiers = l.identifiers)`,
        ),
        " or ",
      )} then 'release' else 'remove' end`;

/** What the ledger holds of the rows that differ, read in one pass: the ledger is as large as the model. */
function known(source: SourceSql, t: Tables): Sql {
  const on = source.hasMatch ? raw("l.key = d.key and l.match_hash = d.match_hash") : raw("l.key = d.key");
  return sql`
  select d.key, d.match_hash, d.state, d.fast_fp, l.identifiers, l.stable_fp, l.external_id
  from ${diffTable} d join ${t.ledger} l on ${on} where d.state is not null`;
}

/**
 * Ledger rows that the model no longer has. Kept back: keys that are present but refused (frozen) and rows that were
 * taken over. Mode `remove` only forgets what it once removed, so that a return can be removed again.
 */
function leavers(t: Tables, o: FreezeOptions): Sql {
  const from = raw("from known l where l.fast_fp is null");
  const columns = raw("l.key, l.match_hash, l.identifiers, l.stable_fp, l.external_id");
  if (o.mode === "remove") return sql`select ${columns}, 'forget' as op ${from} and l.state = 'removed'`;
  const wanted =
    o.mode !== "mirror"
      ? raw("false")
      : o.onlyRejects
        ? sql`exists (select 1 from ${t.rejects} r where r.key = l.key)`
        : raw("true");
  return sql`
  select ${columns}, ${releaseOrRemove(t)} as op ${from} and l.state = 'present' and ${wanted}
    and not exists (select 1 from judged j where j.key = l.key and j.kept is not null)
    and not exists (select 1 from duplicates x where x.key = l.key)
    and not exists (select 1 from judged j where j.prev_key = l.key and j.prev_match_hash = l.match_hash)`;
}

function writes(t: Tables, mode: Mode, matching: boolean): Sql {
  const op =
    mode === "remove"
      ? raw("'remove'")
      : mode === "update"
        ? raw("'update'")
        : raw("case when j.prev_key is not null or j.state = 'present' then 'update' else 'add' end");
  // The rows taken over first, and only they: the whole ledger would become a hash table on the other side of a left join.
  const former = matching
    ? sql`select k.key, k.match_hash, p.key as prev_key, p.identifiers, p.external_id
      from taken k join ${t.ledger} p on p.key = k.prev_key and p.match_hash = k.prev_match_hash`
    : sql`select ${t.noText} as key, ${t.noInt} as match_hash, ${t.noText} as prev_key, ${t.noText} as identifiers, ${t.noText} as external_id where false`;
  return sql`select coalesce(j.kept, ${op}) as op, j.key, j.match_hash, j.prev_key, j.prev_match_hash,
    case when p.prev_key = j.key then p.identifiers end as prev_identifiers, j.identifiers, j.fields, j.fast_fp, j.stable_fp,
    coalesce(p.external_id, l.external_id) as external_id, j.code, j.message, cast(1 as bigint) as copies
  from judged j
  left join known l on l.key = j.key and l.match_hash = j.match_hash
  left join (${former}) p on p.key = j.key and p.match_hash = j.match_hash`;
}

const refusedKeys = (t: Tables, facts: DiffFacts): Sql =>
  sql`select 'refuse', key, 0, ${t.noText}, ${t.noInt}, ${t.noText}, '{}', '{}', ${t.noInt}, ${t.noText}, ${t.noText}, 'DUPLICATE_KEY', 'the model has this key more than once', copies from duplicates
  union all
  select 'refuse', ${t.noText}, 0, ${t.noText}, ${t.noInt}, ${t.noText}, '{}', '{}', ${t.noInt}, ${t.noText}, ${t.noText}, 'NULL_KEY', 'the key is NULL', cast(${facts.nullKeys} as bigint)
  where ${facts.nullKeys} > 0`;

const leaving = (dialect: Dialect, t: Tables, o: FreezeOptions): Sql =>
  sql`select op, key, match_hash, ${t.noText} as prev_key, ${t.noInt} as prev_match_hash, ${t.noText} as prev_identifiers, identifiers, ${dialect.jsonLiteral(o.removal)} as fields, ${t.noInt} as fast_fp, stable_fp, external_id, ${t.noText} as code, ${t.noText} as message, 1 as copies from leavers`;

/** Rejects that no longer say anything: their key left the model, or, for a removal, came back. `code` tells the reject's op. */
const cleared = (source: SourceSql, t: Tables, o: FreezeOptions): Sql =>
  sql`select 'clear', r.key, 0, ${t.noText}, ${t.noInt}, ${t.noText}, r.match, '{}', ${t.noInt}, ${t.noText}, ${t.noText}, r.op, ${t.noText}, 1
  from ${t.rejects} r where ${o.onlyRejects ? raw("false") : raw("r.op <> 'refuse'")}
    and exists (select 1 from ${source.relation} where ${source.key} = r.key) = (r.op = 'remove')`;
