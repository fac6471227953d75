import { raw, type Sql, sql } from "../warehouse/sql.ts";
import type { SourceSql } from "./source.ts";

/** No rows: not every engine takes a condition without a table. */
export const nothing = raw("from (select 1 as one) o where false");

/** No row is contested: the columns of `takeovers`, and nothing in them. */
export const nothingTaken = (noText: Sql, noInt: Sql): Sql =>
  sql`select ${noText} as key, ${noInt} as match_hash, false as collides, false as waits, ${noText} as prev_key, ${noInt} as prev_match_hash ${nothing}`;

/**
 * New rows (of `candidates`; keys of `duplicates` and `quarantine` are frozen) whose identifiers somebody has already:
 * - another new row, or a ledger row whose own model row lives or is frozen: the newcomer collides and is refused; of
 *   several newcomers the least key wins;
 * - a ledger row whose outcome is unknown: the newcomer waits for the decision, too;
 * - a leaver's ledger row: the newcomer takes it over, so that nobody is removed and added again.
 * Who lives is joined, not asked by `exists`: Postgres would ask once a row, by reading the whole model.
 * @param moves the target moves a record by its own id: a key takes over its own former ledger row, unless somebody else
 * took that one. Two rows that swap identifiers thus swap records, and never both write one.
 */
export function takeovers(source: SourceSql, ledger: Sql, noText: Sql, noInt: Sql, moves: boolean): Sql {
  const moved = moves
    ? sql`select a.key, a.match_hash, l.match_hash as former, row_number() over (partition by a.key order by l.identifiers) as place
      from contested a join ${ledger} l on l.key = a.key and l.match_hash <> a.match_hash and l.state = 'present' and l.external_id is not null
      where not a.collides and not a.waits and a.holder_key is null
        and not exists (select 1 from contested s where s.holder_key = l.key and s.match_hash = l.match_hash)`
    : sql`select ${noText} as key, ${noInt} as match_hash, ${noInt} as former, 1 as place ${nothing}`;
  return sql`
  with arrivals as (
    select key, match_hash, row_number() over (partition by match_hash order by key) as place
    from candidates where code is null and (state is null or state = 'removed')
  ), held as (
    select n.key, n.match_hash, l.key as holder_key, case when l.state = 'unknown' then 1 else 0 end as waits,
      case when l.state = 'unknown' then 0
        when v.key is not null or z.key is not null or x.key is not null or q.key is not null then 1 else 0 end as lives
    from arrivals n join ${ledger} l on l.match_hash = n.match_hash and l.key <> n.key and l.state <> 'removed'
    left join (select ${source.key} as key, ${source.matchHash} as match_hash from ${source.relation}) v
      on v.key = l.key and v.match_hash = l.match_hash
    left join (select key from candidates where code is not null) z on z.key = l.key
    left join duplicates x on x.key = l.key
    left join quarantine q on q.key = l.key
  ), holders as (
    select key, match_hash, max(lives) as lives, max(waits) as waits, min(holder_key) as holder_key
    from held group by key, match_hash
  ), contested as (
    select a.key, a.match_hash, a.place > 1 or coalesce(h.lives, 0) = 1 as collides, coalesce(h.waits, 0) = 1 as waits,
      case when a.place = 1 and h.lives = 0 and h.waits = 0 then h.holder_key end as holder_key
    from arrivals a left join holders h on h.key = a.key and h.match_hash = a.match_hash
  ), moved as (
    ${moved}
  )
  select a.key, a.match_hash, a.collides, a.waits,
    case when m.key is not null then a.key else a.holder_key end as prev_key,
    case when m.key is not null then m.former when a.holder_key is not null then a.match_hash end as prev_match_hash
  from contested a left join moved m on m.key = a.key and m.match_hash = a.match_hash and m.place = 1`;
}
