// Statements that the emulator gets wrong, as others that come to the same.

import { NAME } from "./sql-text.ts";

const DELETE = new RegExp(`^\\s*delete\\s+from\\s+${NAME}(?:\\s+as\\s+(\\w+))?\\s+where\\s+([\\s\\S]+)$`, "i");
const UPDATE = new RegExp(`^\\s*update\\s+${NAME}(?:\\s+as\\s+(\\w+))?\\s+set\\s+`, "i");
const MERGE = new RegExp(`^\\s*merge\\s+into\\s+${NAME}(?:\\s+as\\s+\\w+)?\\s+using\\s*\\(`, "i");

const RENAME = new RegExp(`^\\s*alter\\s+table\\s+${NAME}\\s+rename\\s+to\\s+(\`[^\`]+\`|[\\w-]+)\\s*$`, "i");

/** ALTER TABLE … RENAME TO, which the emulator takes and does not do, as what comes to the same. null: any other statement. */
export function renamed(statement: string): readonly [copy: string, drop: string] | null {
  const [, from = "", to = ""] = RENAME.exec(statement) ?? [];
  if (from === "") return null;
  // The new name stands in the old one's dataset.
  const dataset = from.slice(0, from.lastIndexOf(".") + 1);
  return [`create table ${dataset}${to} as select * from ${from}`, `drop table ${from}`];
}

export interface Rewriting {
  readonly table: string;
  /** What the table is to hold. */
  readonly query: string;
  /** A row where the statement changes anything. */
  readonly touched: string;
}

/**
 * In DELETE and UPDATE the emulator loses which table a column of a subquery belongs to, so that `f.key = r.key` compares a
 * column with itself. In SELECT it does not. null: any other statement.
 */
export function contentAfter(statement: string): Rewriting | null {
  if (!/\(\s*select\b/i.test(statement)) return null;
  const deleted = DELETE.exec(statement);
  if (deleted !== null) {
    const [, table = "", alias = "written", condition = ""] = deleted;
    return {
      table,
      query: `select ${alias}.* from ${table} as ${alias} where not coalesce((${condition}), false)`,
      touched: touched(table, alias, condition),
    };
  }
  const updated = UPDATE.exec(statement);
  if (updated === null) return null;
  const [head, table = "", alias = "written"] = updated;
  const [set, condition] = atWhere(statement.slice(head.length));
  const values = assignments(set).map(
    ([column, value]) => `if(coalesce((${condition}), false), ${value}, ${alias}.${column}) as ${column}`,
  );
  return {
    table,
    query: `select ${alias}.* replace (${values.join(", ")}) from ${table} as ${alias}`,
    touched: touched(table, alias, condition),
  };
}

/** MERGE from a subquery, which the emulator refuses: the subquery, and the statement from a table in its place. null: any other. */
export function mergeFromTable(
  statement: string,
  table: string,
): { readonly source: string; readonly merge: string } | null {
  const head = MERGE.exec(statement)?.[0];
  if (head === undefined) return null;
  const source = argumentsOf(statement.slice(head.length));
  return { source, merge: `${head.slice(0, -1)}${table}${statement.slice(head.length + source.length + 1)}` };
}

const touched = (table: string, alias: string, condition: string): string =>
  `select 1 as touched from ${table} as ${alias} where ${condition} limit 1`;

/** `a = 1, b = f(x, y)` */
const assignments = (set: string): [column: string, value: string][] =>
  separated(set).map((part) => {
    const at = part.indexOf("=");
    return [part.slice(0, at).trim(), part.slice(at + 1).trim()];
  });

/** STRING_AGG with an order, of nothing but NULLs, ends the emulator's connection: it is asked only where there is something to join. */
export function guardedStringAgg(statement: string): string {
  let text = "";
  let rest = statement;
  for (;;) {
    const found = /\bstring_agg\s*\(/i.exec(rest);
    if (found === null) return text + rest;
    const inside = argumentsOf(rest.slice(found.index + found[0].length));
    const call = rest.slice(found.index, found.index + found[0].length + inside.length + 1);
    const [value = ""] = separated(inside);
    const ordered = /\border\s+by\b/i.test(inside) && !/^\s*distinct\b/i.test(value);
    text += rest.slice(0, found.index) + (ordered ? `case when count(${value}) > 0 then ${call} end` : call);
    rest = rest.slice(found.index + call.length);
  }
}

/** `interval -min(n) day`: the emulator knows a minus before a number, and no other. */
export function plainIntervals(statement: string): string {
  const found = /\binterval\s+-(?=\w+\s*\()/i.exec(statement);
  if (found === null) return statement;
  const [before, rest] = [statement.slice(0, found.index), statement.slice(found.index + found[0].length)];
  const inside = argumentsOf(rest.slice(rest.indexOf("(") + 1));
  const call = rest.slice(0, rest.indexOf("(") + inside.length + 2);
  return `${before}interval (0 - ${call})${plainIntervals(rest.slice(call.length))}`;
}

/** What stands before and after WHERE, one of a subquery not counted. */
function atWhere(text: string): [before: string, after: string] {
  let depth = 0;
  let length = 0;
  for (const token of text.match(/'(?:[^'\\]|\\.)*'|\w+|[\s\S]/g) ?? []) {
    if (token === "(") depth += 1;
    if (token === ")") depth -= 1;
    if (depth === 0 && token.toLowerCase() === "where")
      return [text.slice(0, length), text.slice(length + token.length)];
    length += token.length;
  }
  return [text, "true"];
}

/** Up to the parenthesis that closes what is open. */
function argumentsOf(text: string): string {
  let depth = 0;
  let length = 0;
  for (const token of tokensOf(text)) {
    if (token === "(") depth += 1;
    if (token === ")" && depth-- === 0) break;
    length += token.length;
  }
  return text.slice(0, length);
}

/** At commas outside of parentheses and literals. */
function separated(list: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const token of tokensOf(list)) {
    if (token === "(" || token === "[") depth += 1;
    if (token === ")" || token === "]") depth -= 1;
    if (token === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += token;
  }
  return parts;
}

const tokensOf = (text: string): readonly string[] => text.match(/'(?:[^'\\]|\\.)*'|--[^\n]*|[\s\S]/g) ?? [];
