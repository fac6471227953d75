import type { Relation } from "../core/relation.ts";
import type { Session } from "./warehouse.ts";

/** One thing that Millrace's role must be allowed to do. */
export type Need =
  /** To connect to the database, or to run a query at all. */
  | { readonly kind: "connect" }
  /** To make temporary tables. */
  | { readonly kind: "temporary" }
  /** To keep its own tables in a schema of its own, which an administrator makes. */
  | { readonly kind: "own"; readonly schema: string }
  /** To see what is in a schema. */
  | { readonly kind: "use"; readonly schema: string; readonly database?: string }
  /** To read a model. */
  | { readonly kind: "read"; readonly relation: Relation };

/** Statements that give a role what it needs, and what an administrator should know of them. */
export interface Grant {
  readonly need: Need;
  /** Without a semicolon at the end. */
  readonly statement: string;
  /** Why the statement is not the whole truth; shown as a comment. */
  readonly note?: string;
}

/** How an engine gives rights. Text only, but for `missing`. */
export interface Grants {
  /** Who Millrace is by the project's own settings; null: they do not say. */
  readonly role: string | null;
  /** In the order in which an administrator runs them. Empty: the engine knows no roles. */
  statements(needs: readonly Need[], role: string): readonly Grant[];
  /** What the session's role lacks of them, asked without touching a row. Models and schemas that are not there yet are not asked about. */
  missing(session: Session, needs: readonly Need[]): Promise<readonly Need[]>;
}

/** What a project's role must be allowed: exactly that, and nothing twice. */
export function needsOf(schema: string, models: readonly Relation[]): Need[] {
  const schemas = new Map(
    models.map(({ database, schema: name }) => [JSON.stringify([database, name]), { database, name }]),
  );
  const relations = new Map(models.map((relation) => [JSON.stringify(relation), relation]));
  return [
    { kind: "connect" },
    { kind: "temporary" },
    { kind: "own", schema },
    ...[...schemas.values()].map(
      ({ database, name }): Need => ({ kind: "use", schema: name, ...(database !== undefined && { database }) }),
    ),
    ...[...relations.values()].map((relation): Need => ({ kind: "read", relation })),
  ];
}
