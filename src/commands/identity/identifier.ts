import { z } from "zod";
import { meant } from "../../config/nearest.ts";
import { ConfigError } from "../../core/errors.ts";
import { type IdentityConfig, recordNamespace } from "../../core/identity.ts";
import { maskValue } from "../../destinations/pii.ts";
import { type Sql, sql } from "../../warehouse/sql.ts";
import type { Session } from "../../warehouse/warehouse.ts";
import type { IdentityTables } from "./tables.ts";

export interface Identifier {
  readonly namespace: string;
  readonly value: string;
}

/** An identifier that records bear, or a profile has kept. */
export interface KnownIdentifier extends Identifier {
  /** null: it belongs to none. */
  readonly profileId: string | null;
  readonly quarantined: boolean;
  /** `active`, or the guard that keeps it from linking; a record is always active. */
  readonly status: string;
}

const written = /^(record:[^:]+|[^:]+):(.+)$/s;

/**
 * `email:ann@example.com`, `record:crm:17`. Throws ConfigError where it is written otherwise, and where identity.yml has no such
 * namespace or source.
 */
export function identifierOf(text: string | undefined, config: IdentityConfig | null): Identifier {
  const [, namespace, value] = written.exec(text ?? "") ?? [];
  if (namespace === undefined || value === undefined) {
    throw new ConfigError("an identifier is missing, or written otherwise", {
      hint: "Write namespace:value, e.g. email:ann@example.com, normalised; a record is record:SOURCE:KEY.",
    });
  }
  const known = [
    ...(config?.namespaces ?? []).map(({ name }) => name),
    ...(config?.sources ?? []).map(({ name }) => recordNamespace(name)),
  ];
  if (!known.includes(namespace)) {
    throw new ConfigError(`identity.yml has no namespace "${namespace}"`, {
      hint: meant(namespace, known, "namespaces"),
    });
  }
  return { namespace, value };
}

const foundRow = z.object({
  value: z.string(),
  profile_id: z.string().nullable(),
  quarantined: z.coerce.number(),
  status: z.string().nullable(),
});

/**
 * What identity has published of an identifier, found by another letter case or with blanks around it, too; null: no record bears it
 * and no profile has it. Throws ConfigError where several differ in letter case only.
 */
export async function knownIdentifier(
  session: Session,
  at: IdentityTables,
  { namespace, value }: Identifier,
): Promise<KnownIdentifier | null> {
  const of = session.dialect.relation;
  const text = session.dialect.typeName("text");
  const found = (matches: Sql) =>
    session.query(
      sql`select value, profile_id, quarantined, cast(null as ${text}) as status from ${of(at.component)} where namespace = ${namespace} and ${matches}
        union all
        select value, cast(null as ${text}) as profile_id, 0 as quarantined, status from ${of(at.identifier)} where namespace = ${namespace} and ${matches}`,
      foundRow,
    );
  for (const matches of [sql`value = ${value}`, sql`lower(value) = ${value.trim().toLowerCase()}`]) {
    const rows = await found(matches);
    const [first] = rows;
    if (first === undefined) continue;
    if (rows.some((row) => row.value !== first.value))
      throw new ConfigError(`there are several ${namespace} that differ in letter case only`, {
        hint: "Write it exactly as the table `identifier` has it.",
      });
    const owned = rows.find((row) => row.profile_id !== null);
    return {
      namespace,
      value: first.value,
      profileId: owned?.profile_id ?? null,
      quarantined: owned?.quarantined === 1,
      status: rows.find((row) => row.status !== null)?.status ?? "active",
    };
  }
  return null;
}

export async function profileOf(
  session: Session,
  component: IdentityTables["component"],
  { namespace, value }: Identifier,
): Promise<string | null> {
  const rows = await session.query(
    sql`select profile_id from ${session.dialect.relation(component)} where namespace = ${namespace} and value = ${value}`,
    z.object({ profile_id: z.string() }),
  );
  return rows[0]?.profile_id ?? null;
}

/** For the screen: "email a•••@e•••.com". */
export const shownIdentifier = ({ namespace, value }: Identifier, showValues: boolean): string =>
  `${namespace} ${showValues ? value : String(maskValue(value))}`;

/** Who decides and why, as the options say. */
export interface Given {
  readonly who?: string;
  readonly why?: string;
  readonly print?: boolean;
  readonly build?: boolean;
}

/** Throws ConfigError where somebody or a reason is missing: decisions outlive who remembers them. */
export function signed({ who, why }: Given): { readonly who: string; readonly why: string } {
  if (who === undefined || why === undefined || who.trim() === "" || why.trim() === "")
    throw new ConfigError("a decision needs who made it and why", { hint: "Add --who NAME --why REASON." });
  return { who, why };
}
