import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { Relation } from "../../core/relation.ts";
import { sql } from "../../warehouse/sql.ts";
import type { Session } from "../../warehouse/warehouse.ts";

export interface Identifier {
  readonly namespace: string;
  readonly value: string;
}

const written = /^(record:[^:]+|[^:]+):(.+)$/s;

/** `email:ann@example.com`, `record:crm:17`. */
export function identifierOf(text: string | undefined): Identifier {
  const [, namespace, value] = written.exec(text ?? "") ?? [];
  if (namespace === undefined || value === undefined) {
    throw new ConfigError("an identifier is missing, or written otherwise", {
      hint: "Write namespace:value, e.g. email:ann@example.com, normalised; a record is record:SOURCE:KEY.",
    });
  }
  return { namespace, value };
}

export async function profileOf(
  session: Session,
  component: Relation,
  { namespace, value }: Identifier,
): Promise<string | null> {
  const rows = await session.query(
    sql`select profile_id from ${session.dialect.relation(component)} where namespace = ${namespace} and value = ${value}`,
    z.object({ profile_id: z.string() }),
  );
  return rows[0]?.profile_id ?? null;
}

/** Who decides and why, as the options say. */
export interface Given {
  readonly who?: string;
  readonly why?: string;
  readonly print?: boolean;
}

/** Throws ConfigError where somebody or a reason is missing: decisions outlive who remembers them. */
export function signed({ who, why }: Given): { readonly who: string; readonly why: string } {
  if (who === undefined || why === undefined)
    throw new ConfigError("a decision needs who made it and why", { hint: "Add --who NAME --why REASON." });
  return { who, why };
}
