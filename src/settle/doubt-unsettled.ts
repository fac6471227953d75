import type { SyncConfig } from "../core/sync.ts";
import { type StateTables, syncTables } from "../state/names.ts";
import { columnList, ledgerColumns } from "../state/schema.ts";
import { join, raw, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";

/**
 * Takes note of a frozen plan whose results are lost, on a target that may get a row again: whoever it would have added may be
 * there, so a mirror's ledger holds them from now on (else nobody would take them away when they have left the model), and
 * what the ledger says of its other rows is in doubt. Fingerprints become NULL, which differs from everything: the next plan
 * sends or removes every such row. A second call changes nothing.
 */
export function doubtUnsettled(session: Session, tables: StateTables, sync: SyncConfig, runId: string): Promise<void> {
  return session.transaction(async () => {
    const { dialect } = session;
    const own = syncTables(tables.schema, sync.name, dialect.traits.maxIdentifier);
    const [ledger, plan] = [dialect.relation(own.ledger), dialect.relation(own.plan)];
    const planned = sql`p.run_id = ${runId} and p.seq is not null`;
    const same = raw("p.key = l.key and p.match_hash = l.match_hash");
    const selected: Readonly<Record<string, string>> = {
      key: "p.key",
      match_hash: "p.match_hash",
      identifiers: "p.identifiers",
      external_id: "p.external_id",
      state: "'present'",
      last_run: "p.run_id",
    };
    const values = ledgerColumns.map(({ name, type }) =>
      selected[name] === undefined ? sql`cast(null as ${dialect.typeName(type)})` : raw(selected[name]),
    );
    await session.execute([
      sql`update ${ledger} as l set fast_fp = null, stable_fp = null
        where exists (select 1 from ${plan} p where ${planned} and p.op <> 'keep' and ${same})`,
      ...(sync.mode === "mirror"
        ? [
            sql`update ${ledger} as l set state = 'present'
              where l.state = 'removed' and exists (select 1 from ${plan} p where ${planned} and p.op = 'add' and ${same})`,
            sql`insert into ${ledger} (${columnList(dialect, ledgerColumns)}) select ${join(values)} from ${plan} p
              where ${planned} and p.op = 'add' and not exists (select 1 from ${ledger} l where ${same})`,
          ]
        : []),
    ]);
  });
}
