import type { Relation } from "../core/relation.ts";
import type { Mode, RejectRetry } from "../core/sync.ts";
import type { Value } from "../core/value.ts";
import { createTable, planColumns } from "../state/schema.ts";
import { heldBesides } from "../state/sharing.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { join, raw, type Sql, sql } from "../warehouse/sql.ts";
import { type DiffFacts, diffTable, duplicatesTable, ledgerFacts, tellsLedger } from "./diff.ts";
import type { PlanProfiles } from "./request.ts";
import type { SourceSql } from "./source.ts";
import { nothing, nothingTaken, takeovers } from "./takeover.ts";

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
  readonly profiles: PlanProfiles | null;
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
 * Turns the diff into the frozen plan, in one statement. From CTE to CTE: keys the model repeats and keys that identity holds back → candidates
 * (model rows that differ, with payload) → takeovers and collisions of identifiers → judged (what refuses a row) → leavers →
 * decided (one operation a row) → numbered, removals first.
 */
export function freezeStatements(
  dialect: Dialect,
  source: SourceSql,
  facts: DiffFacts,
  o: FreezeOptions,
): readonly Sql[] {
  const t = tablesOf(dialect, o);
  const runId = sql`cast(${o.runId} as ${t.textType})`;
  if (findsNothing(facts)) {
    // Nothing below could find a row, and would still read model and ledger to say so.
    return [sql`drop table if exists ${t.plan}`, createTable(dialect, o.plan, planColumns)];
  }
  // What is appended is never changed, so there identifiers belong to nobody.
  const matching = source.hasMatch && o.mode !== "append";
  const decided = sql`
with duplicates as (${duplicates(t, facts)}),
quarantine as (${quarantine(dialect, source, t, o)}),
candidates as (${candidates(source, t, o)}),
taken as (${matching ? takeovers(source, t.ledger, t.noText, t.noInt, o.movesMatch) : nothingTaken(t.noText, t.noInt)}),
known as (${known(dialect, source, t, o)}),
judged as (${judged(t, o, facts)}),
leavers as (${leavers(t, o)}),
decided as (
  ${join([writes(dialect, t, o, matching), refusedKeys(t, facts), leaving(dialect, t, o), cleared(t, o)], "\n  union all\n  ")}
),
removals as (select * from decided where op = 'remove'),
others as (select * from decided where op in ('add', 'update'))
select ${runId} as run_id, row_number() over (${dialect.anyOrder}) as seq, * from removals
union all
select ${runId}, row_number() over (${dialect.anyOrder}) + (select count(*) from removals), * from others
union all
select ${runId}, ${t.noInt}, * from decided where op not in ${sent}`;
  return dialect.replaceTable(o.plan, decided, "seq");
}

const findsNothing = (facts: DiffFacts): boolean =>
  facts.differing === 0 && facts.rejects === 0 && facts.duplicates === null;

/**
 * Rewrites of unchanged rows for a snapshot target, numbered after the plan's last seq; none where the plan changes nothing.
 * Where a key is sent once its row may have become unfit to send since: it is refused, not written with holes.
 */
export function unchangedStatements(
  dialect: Dialect,
  source: SourceSql,
  facts: DiffFacts,
  o: FreezeOptions,
): readonly Sql[] {
  if (findsNothing(facts)) return [];
  const t = tablesOf(dialect, o);
  const same = source.hasMatch
    ? sql`d.key = ${source.key} and d.match_hash = ${source.matchHash}`
    : sql`d.key = ${source.key}`;
  const sound = sql`(${source.refusalCode}) is null`;
  return [
    sql`insert into ${t.plan}
      select cast(${o.runId} as ${t.textType}),
        case when ${sound} then row_number() over (partition by ${sound} ${dialect.anyOrder}) + (select coalesce(max(seq), 0) from ${t.plan}) end,
        case when ${sound} then 'keep' else 'refuse' end, ${source.key},
        ${source.matchHash}, ${t.noText}, ${t.noInt}, ${t.noText}, ${source.identifiers}, ${source.fields}, ${source.fastFingerprint},
        ${source.stableFingerprint}, ${t.noText}, ${source.refusalCode}, ${source.refusalMessage}, 1
      from ${source.relation}
      where ${source.key} is not null and exists (select 1 from ${t.plan} where op in ('add', 'update', 'remove', 'release'))
        and not exists (select 1 from ${diffTable} d where ${same})
        and not exists (select 1 from (${duplicates(t, facts)}) x where x.key = ${source.key})`,
  ];
}

/** A plan that removes everything the ledger holds (`retire --remove`); rows of unknown outcome wait for their decision. */
export function retirementStatements(dialect: Dialect, o: FreezeOptions): readonly Sql[] {
  const t = tablesOf(dialect, o);
  const present = sql`${t.ledger} l where l.state = 'present'`;
  const removals = sql`
      with leavers as (
        select l.key, l.match_hash, l.identifiers, l.stable_fp, l.external_id, ${releaseOrRemove(t, present)} as op
        from ${present}
        union all
        select l.key, l.match_hash, l.identifiers, l.stable_fp, l.external_id, 'suppress' from ${t.ledger} l where l.state = 'unknown'
      ), decided as (${leaving(dialect, t, o)})
      select cast(${o.runId} as ${t.textType}) as run_id, row_number() over (${dialect.anyOrder}) as seq, * from decided where op = 'remove'
      union all
      select cast(${o.runId} as ${t.textType}), ${t.noInt}, * from decided where op <> 'remove'`;
  return dialect.replaceTable(o.plan, removals, "seq");
}

interface Tables {
  readonly plan: Sql;
  readonly ledger: Sql;
  readonly rejects: Sql;
  /** Does another sync's ledger of the same list hold row `l`, one of those that `asked` gives? */
  readonly heldBesides: (asked: Sql) => Sql;
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
    heldBesides: (asked) => heldBesides(dialect, o.sharedLedgers, asked),
    textType,
    noText: sql`cast(null as ${textType})`,
    noInt: sql`cast(null as ${dialect.typeName("int")})`,
  };
}

const duplicates = (t: Tables, facts: DiffFacts): Sql =>
  facts.duplicates !== null
    ? sql`select key, copies from ${duplicatesTable}`
    : sql`select ${t.noText} as key, ${t.noInt} as copies ${nothing}`;

/** Profiles whose cluster a guard of identity holds back: neither updated nor removed until it lets go. */
function quarantine(dialect: Dialect, source: SourceSql, t: Tables, { profiles }: FreezeOptions): Sql {
  if (profiles?.by === "key")
    return sql`select profile_id as key from ${dialect.relation(profiles.relation)} where quarantined = 1`;
  if (profiles === null || source.profileId === null) return sql`select ${t.noText} as key ${nothing}`;
  return sql`select ${source.key} as key from ${source.relation}
    where ${source.profileId} in (select profile_id from ${dialect.relation(profiles.relation)} where quarantined = 1) and ${source.key} is not null
    group by 1`;
}

const quarantined = raw("'a guard of identity holds the profile back: see identity_violation'");

function candidates(source: SourceSql, t: Tables, o: FreezeOptions): Sql {
  const on = source.hasMatch
    ? sql`${source.key} = d.key and ${source.matchHash} = d.match_hash`
    : sql`${source.key} = d.key`;
  const inScope = o.onlyRejects ? sql`exists (select 1 from ${t.rejects} r where r.key = d.key)` : raw("true");
  return sql`
  select d.key, d.match_hash, d.fast_fp, d.state, ${source.identifiers} as identifiers, ${source.fields} as fields,
    ${source.stableFingerprint} as stable_fp, ${inScope} as in_scope,
    case when z.key is not null then 'QUARANTINED' else ${source.refusalCode} end as code,
    case when z.key is not null then ${quarantined} else ${source.refusalMessage} end as message
  from ${diffTable} d join ${source.relation} on ${on} left join quarantine z on z.key = d.key
  where d.fast_fp is not null and not exists (select 1 from duplicates x where x.key = d.key)`;
}

/** What a row's sending would be called. What is inserted or appended once is never an update. */
function writeOp(mode: Mode): Sql {
  if (mode === "remove" || mode === "update") return raw(`'${mode}'`);
  if (mode === "insert" || mode === "append") return raw("'add'");
  return raw("case when k.prev_key is not null or c.state = 'present' then 'update' else 'add' end");
}

/**
 * One verdict a candidate. Standing rejects: the policy does not try the same operation with the same content again;
 * removals are always tried again.
 */
function judged(t: Tables, o: FreezeOptions, facts: DiffFacts): Sql {
  const policy = o.onlyRejects || o.full || o.mode === "remove" ? "always" : o.retry;
  const op = writeOp(o.mode);
  const held = policy === "on_change" ? raw("true") : policy === "always" ? null : sql`attempts >= ${policy.times}`;
  // Looking for rejects compares identifiers and stable fingerprint of every candidate: a first run has a million, and no rejects.
  const looks = held !== null && facts.rejects > 0;
  const [code, message] = looks ? [raw("r.code"), raw("r.message")] : [t.noText, t.noText];
  const standing = looks
    ? sql`left join (
    select key, match, op, fingerprint, min(code) as code, min(message) as message from ${t.rejects}
    where op in ('add', 'update') and ${held} group by key, match, op, fingerprint
  ) r on r.key = c.key and r.match = c.identifiers and r.fingerprint = c.stable_fp and r.op = ${op}`
    : raw("");
  return sql`
  select c.key, c.match_hash, c.fast_fp, c.state, c.identifiers, c.fields, c.stable_fp, k.prev_key, k.prev_match_hash, ${op} as op,
    case when c.state = 'unknown' or not c.in_scope then 'suppress'
      when c.code is not null or k.collides then 'refuse'
      when k.waits then 'suppress'
      when ${code} is not null then 'standing' end as kept,
    coalesce(c.code, case when k.collides then 'DUPLICATE_MATCH' end, ${code}) as code,
    coalesce(c.message, case when k.collides then 'another row of the model holds the record with these identifiers' end, ${message}) as message
  from candidates c
  left join taken k on k.key = c.key and k.match_hash = c.match_hash
  ${standing}`;
}

const releaseOrRemove = (t: Tables, asked: Sql): Sql =>
  sql`case when ${t.heldBesides(asked)} then 'release' else 'remove' end`;

/** What the ledger holds of the rows that differ: the diff says it, or the ledger, as large as the model, is read once more. */
function known(dialect: Dialect, source: SourceSql, t: Tables, o: FreezeOptions): Sql {
  if (tellsLedger(dialect, source, o.mode)) {
    const told = ledgerFacts.map((name) => dialect.ident(name));
    return sql`select key, match_hash, state, fast_fp, ${join(told)} from ${diffTable} where state is not null`;
  }
  const on = source.hasMatch ? raw("l.key = d.key and l.match_hash = d.match_hash") : raw("l.key = d.key");
  return sql`
  select d.key, d.match_hash, d.state, d.fast_fp, l.identifiers, l.stable_fp, l.external_id
  from ${diffTable} d join ${t.ledger} l on ${on} where d.state is not null`;
}

/**
 * Ledger rows that the model no longer has. Kept back: keys that are present but refused by the plan, or quarantined (both are
 * frozen), and rows that were taken over. A platform's refusal of a new match does not hold the old one's removal: each has its own fate. Mode `remove` only forgets what it once removed, so that a return can be removed again.
 */
function leavers(t: Tables, o: FreezeOptions): Sql {
  const left = raw("known l where l.fast_fp is null");
  const from = sql`from ${left}`;
  const columns = raw("l.key, l.match_hash, l.identifiers, l.stable_fp, l.external_id");
  if (o.mode === "remove") return sql`select ${columns}, 'forget' as op ${from} and l.state = 'removed'`;
  const wanted =
    o.mode !== "mirror"
      ? raw("false")
      : o.onlyRejects
        ? sql`exists (select 1 from ${t.rejects} r where r.key = l.key)`
        : raw("true");
  return sql`
  select ${columns}, ${releaseOrRemove(t, left)} as op ${from} and l.state = 'present' and ${wanted}
    and not exists (select 1 from judged j where j.key = l.key and j.kept in ('refuse', 'suppress'))
    and not exists (select 1 from duplicates x where x.key = l.key)
    and not exists (select 1 from quarantine z where z.key = l.key)
    and not exists (select 1 from judged j where j.prev_key = l.key and j.prev_match_hash = l.match_hash)`;
}

function writes(dialect: Dialect, t: Tables, o: FreezeOptions, matching: boolean): Sql {
  const fields = o.mode === "remove" ? dialect.jsonLiteral(o.removal) : raw("j.fields");
  // The rows taken over first, and only they: the whole ledger would become a hash table on the other side of a left join.
  const former = matching
    ? sql`select k.key, k.match_hash, p.key as prev_key, p.identifiers, p.external_id
      from taken k join ${t.ledger} p on p.key = k.prev_key and p.match_hash = k.prev_match_hash`
    : sql`select ${t.noText} as key, ${t.noInt} as match_hash, ${t.noText} as prev_key, ${t.noText} as identifiers, ${t.noText} as external_id ${nothing}`;
  return sql`select coalesce(j.kept, j.op) as op, j.key, j.match_hash, j.prev_key, j.prev_match_hash,
    case when p.prev_key = j.key then p.identifiers end as prev_identifiers, j.identifiers, ${fields} as fields, j.fast_fp, j.stable_fp,
    coalesce(p.external_id, l.external_id) as external_id, j.code, j.message, cast(1 as bigint) as copies
  from judged j
  left join known l on l.key = j.key and l.match_hash = j.match_hash
  left join (${former}) p on p.key = j.key and p.match_hash = j.match_hash`;
}

const refusedKeys = (t: Tables, facts: DiffFacts): Sql =>
  sql`select 'refuse', key, 0, ${t.noText}, ${t.noInt}, ${t.noText}, '{}', '{}', ${t.noInt}, ${t.noText}, ${t.noText}, 'DUPLICATE_KEY', 'the model has this key more than once', copies from duplicates
  union all
  select 'refuse', ${t.noText}, 0, ${t.noText}, ${t.noInt}, ${t.noText}, '{}', '{}', ${t.noInt}, ${t.noText}, ${t.noText}, 'NULL_KEY', 'the key is NULL', cast(${facts.nullKeys} as bigint)
  from (select 1 as one) o where ${facts.nullKeys} > 0`;

const leaving = (dialect: Dialect, t: Tables, o: FreezeOptions): Sql =>
  sql`select op, key, match_hash, ${t.noText} as prev_key, ${t.noInt} as prev_match_hash, ${t.noText} as prev_identifiers, identifiers, ${dialect.jsonLiteral(o.removal)} as fields, ${t.noInt} as fast_fp, stable_fp, external_id, ${t.noText} as code, ${t.noText} as message, 1 as copies from leavers`;

/**
 * Rejects that no longer say anything, `code` tells the reject's op. A refused write says something while the key has a
 * row that differs from the ledger; a refused removal, while the ledger holds what the model has left (or, in mode
 * `remove`, while the model lists it).
 */
function cleared(t: Tables, o: FreezeOptions): Sql {
  const writeStands =
    o.mode === "remove"
      ? raw("false")
      : sql`exists (select 1 from ${diffTable} d where d.key = r.key and d.fast_fp is not null)`;
  const removalStands =
    o.mode === "remove"
      ? raw("exists (select 1 from candidates c where c.key = r.key and c.identifiers = r.match)")
      : raw(
          "exists (select 1 from known l where l.fast_fp is null and l.state = 'present' and l.key = r.key and l.identifiers = r.match)",
        );
  return sql`select 'clear', r.key, 0, ${t.noText}, ${t.noInt}, ${t.noText}, r.match, '{}', ${t.noInt}, ${t.noText}, ${t.noText}, r.op, ${t.noText}, 1
  from ${t.rejects} r where ${o.onlyRejects ? raw("false") : raw("true")}
    and (r.op in ('add', 'update') and not ${writeStands} or r.op = 'remove' and not ${removalStands})`;
}
