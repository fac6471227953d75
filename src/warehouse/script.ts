import { type Sql, sql } from "./sql.ts";

/** Every engine here takes these words. A session knows the two by identity: after a script that failed between them it rolls back. */
export const begin: Sql = sql`begin transaction`;
export const commit: Sql = sql`commit`;

/** For a script outside a transaction: all of `statements`, or nothing. */
export const atomic = (statements: readonly Sql[]): Sql[] =>
  statements.length === 0 ? [] : [begin, ...statements, commit];

/** script: statements make their own transaction; transaction: they are part of one that is under way. */
export type Within = "script" | "transaction";
