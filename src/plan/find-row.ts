import { z } from "zod";
import { parseExactly } from "../core/exact-json.ts";
import type { Relation } from "../core/relation.ts";
import type { FieldType, SyncConfig } from "../core/sync.ts";
import type { Row } from "../core/value.ts";
import type { SyncTables } from "../state/names.ts";
import { join, raw, type Sql, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";
import { compileSource } from "./source.ts";

/** A row of the model as the sync sees it. */
export interface ModelRow {
  readonly key: string | null;
  readonly identifiers: Row;
  readonly fields: Row;
  readonly refusal: { readonly code: string; readonly message: string } | null;
  /** Of the mapped fields: equal to the ledger's or a reject's when nothing changed since. */
  readonly stableFingerprint: string;
}

const modelRow = z.object({
  key: z.string().nullable(),
  identifiers: z.string(),
  fields: z.string(),
  code: z.string().nullable(),
  message: z.string().nullable(),
  stable_fp: z.string(),
});

/**
 * Rows of the model whose key, identifier or copied field is `wanted` (case matters only for keys): a person asks by the
 * e-mail they know, whether or not the destination is matched by it. At most ten. null: no such model.
 */
export async function findInModel(
  session: Session,
  sync: SyncConfig,
  relation: Relation,
  fieldTypes: Readonly<Record<string, FieldType>>,
  wanted: readonly string[],
): Promise<ModelRow[] | null> {
  const { dialect } = session;
  const columns = await session.describe(relation);
  if (columns === null) return null;
  const source = compileSource(dialect, relation, columns, sync, fieldTypes);
  const copied = Object.entries(sync.fields).flatMap(([name, rule]) => (rule.source.from === "column" ? [name] : []));
  const members = [
    ...Object.keys(sync.match).map((name) => dialect.jsonMember(source.identifiers, name)),
    ...copied.map((name) => dialect.jsonMember(source.fields, name)),
  ];
  const found = await session.query(
    sql`select ${source.key} as key, ${source.identifiers} as identifiers, ${source.fields} as fields, ${source.refusalCode} as code,
        ${source.refusalMessage} as message, ${source.stableFingerprint} as stable_fp
      from ${source.relation} where ${isWanted(wanted, source.key, members)} limit 10`,
    modelRow,
  );
  return found.map(({ key, identifiers, fields, code, message, stable_fp }) => ({
    key,
    identifiers: JSON.parse(identifiers) as Row,
    fields: parseExactly(fields) as Row,
    refusal: code === null ? null : { code, message: message ?? "" },
    stableFingerprint: stable_fp,
  }));
}

export interface LedgerRow {
  readonly key: string;
  readonly identifiers: Row;
  readonly state: string;
  readonly externalId: string | null;
  readonly lastRun: string;
  readonly stableFingerprint: string | null;
}

const ledgerRow = z
  .object({
    key: z.string(),
    identifiers: z.string(),
    state: z.string(),
    external_id: z.string().nullable(),
    last_run: z.string(),
    stable_fp: z.string().nullable(),
  })
  .transform(
    (row): LedgerRow => ({
      key: row.key,
      identifiers: JSON.parse(row.identifiers) as Row,
      state: row.state,
      externalId: row.external_id,
      lastRun: row.last_run,
      stableFingerprint: row.stable_fp,
    }),
  );

/** What the destination was last given for it. */
export function findInLedger(
  session: Session,
  sync: SyncConfig,
  own: SyncTables,
  wanted: readonly string[],
): Promise<LedgerRow[]> {
  const members = Object.keys(sync.match).map((name) => session.dialect.jsonMember(raw("identifiers"), name));
  return session.query(
    sql`select key, identifiers, state, external_id, last_run, stable_fp from ${session.dialect.relation(own.ledger)}
      where ${isWanted(wanted, raw("key"), members)} limit 10`,
    ledgerRow,
  );
}

function isWanted(wanted: readonly string[], key: Sql, members: readonly Sql[]): Sql {
  const list = join(wanted.map((value) => sql`${value}`));
  const folded = join(wanted.map((value) => sql`${value.trim().toLowerCase()}`));
  return sql`(${join([sql`${key} in (${list})`, ...members.map((member) => sql`lower(${member}) in (${folded})`)], " or ")})`;
}
