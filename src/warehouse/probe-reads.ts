import { z } from "zod";
import { GrantMissing, RelationMissing } from "../core/errors.ts";
import type { Relation } from "../core/relation.ts";
import type { Need } from "./grants.ts";
import { type Sql, sql } from "./sql.ts";
import type { Session } from "./warehouse.ts";

/**
 * What cannot be read, found by reading no row of each model: for engines whose rights cannot be asked about, because they come
 * from roles within roles, or from outside the database. A model that is not there yet lacks nothing.
 */
export async function probeReads(
  session: Session,
  needs: readonly Need[],
  named: (relation: Relation) => Sql,
): Promise<Need[]> {
  const missing: Need[] = [];
  for (const need of needs) {
    if (need.kind !== "read") continue;
    try {
      await session.query(sql`select 1 as one from ${named(need.relation)} where 1 = 0`, z.unknown());
    } catch (error) {
      if (error instanceof GrantMissing) missing.push(need);
      else if (!(error instanceof RelationMissing)) throw error;
    }
  }
  return missing;
}
