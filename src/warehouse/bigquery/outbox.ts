import { raw, type Sql, sql } from "../sql.ts";
import { SESSION_DATASET } from "./dialect.ts";

/** What a statement does, as far as a transaction must know. Statements come from the dialect and the `sql` tag only. */
export type Doing =
  | { readonly kind: "read" }
  /** Data of a table that stays. */
  | { readonly kind: "write"; readonly table: string }
  /** A temporary table: it lives in the session, and no transaction is needed for it. */
  | { readonly kind: "temporary"; readonly table: string }
  /** A table, view or schema that stays. */
  | { readonly kind: "definition"; readonly table: string };

const NAME = "((?:`[^`]*`|[\\w-]+)(?:\\.(?:`[^`]*`|[\\w-]+))*)";
const TEMPORARY = new RegExp(
  `^\\s*create\\s+(?:or\\s+replace\\s+)?temp(?:orary)?\\s+table\\s+(?:if\\s+not\\s+exists\\s+)?${NAME}`,
  "i",
);
const DEFINITION = new RegExp(
  `^\\s*(?:create|drop|alter)\\s+(?:or\\s+replace\\s+)?(?:table|view|schema)\\s+(?:if\\s+(?:not\\s+)?exists\\s+)?${NAME}`,
  "i",
);
const WRITE = new RegExp(
  `^\\s*(?:insert\\s+(?:into\\s+)?|update\\s+|delete\\s+(?:from\\s+)?|merge\\s+(?:into\\s+)?|truncate\\s+table\\s+)${NAME}`,
  "i",
);

const bare = (name: string): string => name.replaceAll("`", "");
/** Temporary tables are named without a dataset, or with that of the session. */
const isTemporary = (name: string): boolean => !name.includes(".") || name.startsWith(`${SESSION_DATASET}.`);
const withoutDataset = (name: string): string => name.replace(`${SESSION_DATASET}.`, "");

export function doingOf({ text }: Sql): Doing {
  const temporary = TEMPORARY.exec(text)?.[1];
  if (temporary !== undefined) return { kind: "temporary", table: bare(temporary) };
  const defined = DEFINITION.exec(text)?.[1];
  const written = WRITE.exec(text)?.[1];
  const table = bare(defined ?? written ?? "");
  if (defined === undefined && written === undefined) return { kind: "read" };
  const schema = /^\s*(?:create|drop)\s+schema\b/i.test(text);
  if (!schema && isTemporary(table)) return { kind: "temporary", table: withoutDataset(table) };
  return { kind: defined === undefined ? "write" : "definition", table };
}

export const BEGIN = raw("begin transaction");
export const COMMIT = raw("commit transaction");
export const ROLLBACK = sql`rollback transaction`;

/**
 * A transaction's writes wait here until something reads what they wrote, or until the commit. Most transactions thus are
 * one script, BEGIN to COMMIT, sent at their end. BigQuery lets no transaction define what stays, tables and views: such a
 * statement is sent at once, and commits what was sent before it.
 */
export class Outbox {
  #waiting: { readonly statement: Sql; readonly table: string }[] = [];
  #written = new Set<string>();
  /** BEGIN has been sent. */
  #open = false;

  get open(): boolean {
    return this.#open;
  }

  /** What must be sent now for these statements, in order. Writes may be kept back. */
  take(statements: readonly Sql[]): Sql[] {
    const script: Sql[] = [];
    for (const statement of statements) {
      const doing = doingOf(statement);
      if (doing.kind === "write") {
        this.#waiting.push({ statement, table: doing.table });
        this.#written.add(doing.table);
        continue;
      }
      if (this.#concerns(statement, doing)) script.push(...this.#flush());
      if (doing.kind === "definition" && this.#open) {
        script.push(COMMIT);
        this.#written = new Set();
        this.#open = false;
      }
      script.push(statement);
    }
    return script;
  }

  /** What ends the transaction well. A single statement needs no transaction. */
  commit(): readonly Sql[] {
    const waiting = this.#waiting.map(({ statement }) => statement);
    const alone = !this.#open && waiting.length <= 1;
    const script = alone ? waiting : [...this.#flush(), COMMIT];
    this.clear();
    return script;
  }

  clear(): void {
    this.#waiting = [];
    this.#written = new Set();
    this.#open = false;
  }

  #flush(): Sql[] {
    const begun = this.#open ? [] : [BEGIN];
    const script = [...begun, ...this.#waiting.map(({ statement }) => statement)];
    this.#waiting = [];
    this.#open = true;
    return script;
  }

  /** Does it read, or take away, what a waiting statement writes or needs? */
  #concerns({ text }: Sql, doing: Doing): boolean {
    if (this.#waiting.length === 0) return false;
    const said = bare(text);
    for (const table of this.#written) if (mentions(said, table)) return true;
    return doing.kind !== "read" && this.#waiting.some(({ statement }) => mentions(bare(statement.text), doing.table));
  }
}

/** A name that ends where another sign begins: ledger__a is not in ledger__ab. */
function mentions(text: string, table: string): boolean {
  for (let at = text.indexOf(table); at >= 0; at = text.indexOf(table, at + 1)) {
    if (!/[\w-]/.test(text[at + table.length] ?? "") && !/\w/.test(text[at - 1] ?? "")) return true;
  }
  return false;
}
