import { z } from "zod";
import type { Row, Value } from "../../core/value.ts";
import type { AccountCtx } from "../connector.ts";
import type { SalesforceAccount } from "./account.ts";
import { callJson } from "./api.ts";

/**
 * URI and headers together may have 16,384 bytes; half is left to the headers.
 * https://help.salesforce.com/s/articleView?id=000386264&language=en_US&type=1 (the statement itself may have 100,000 characters:
 * https://developer.salesforce.com/docs/atlas.en-us.salesforce_app_limits_cheatsheet.meta/salesforce_app_limits_cheatsheet/salesforce_app_limits_platform_soslsoql.htm)
 */
const maxUriBytes = 8_000;

/** Identifiers in one request, at some 40 bytes each once encoded; what a plan counts with. */
export const idsPerQuery = 200;

/** A text in a WHERE clause may have 4,000 characters (the same page). */
const maxLiteralChars = 4_000;

const page = z.object({
  records: z.array(z.record(z.string(), z.json())),
  done: z.boolean(),
  nextRecordsUrl: z.string().nullish(),
});

/**
 * A text or number as SOQL writes it.
 * https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_quotedstringescapes.htm
 */
export function literal(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  const escaped = value
    .replaceAll("\\", "\\\\")
    .replaceAll("'", "\\'")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t")
    .replaceAll("\b", "\\b")
    .replaceAll("\f", "\\f");
  return `'${escaped}'`;
}

/** Is the value short enough to stand in a condition? */
export const isAskable = (value: string | number | boolean): boolean => literal(value).length <= maxLiteralChars;

/**
 * Statements `SELECT … WHERE field IN (…)` that together ask for all values; a value too long for SOQL is in none.
 * `also`: a further condition, in SOQL.
 */
export function inQueries(
  object: string,
  select: readonly string[],
  field: string,
  values: readonly (string | number | boolean)[],
  also?: string,
): string[] {
  const condition = also === undefined ? "" : `${also} AND `;
  const head = `SELECT ${select.join(",")} FROM ${object} WHERE ${condition}${field} IN (`;
  const room = maxUriBytes - encodeURIComponent(`/services/data/v00.0/query?q=${head})`).length;
  const statements: string[] = [];
  let open: string[] = [];
  let used = 0;
  const close = () => {
    if (open.length > 0) statements.push(`${head}${open.join(",")})`);
    open = [];
    used = 0;
  };
  for (const text of new Set(values.map(literal))) {
    if (text.length > maxLiteralChars) continue;
    const cost = encodeURIComponent(`${text},`).length;
    if (used + cost > room) close();
    open.push(text);
    used += cost;
  }
  close();
  return statements;
}

/** All records of a statement, page by page. */
export async function query(ctx: AccountCtx<SalesforceAccount>, statement: string): Promise<readonly Row[]> {
  const found: Row[] = [];
  let reply = await callJson(ctx, { method: "GET", path: "/query", query: { q: statement }, expect: page });
  found.push(...reply.body.records);
  while (!reply.body.done && typeof reply.body.nextRecordsUrl === "string") {
    const locator = /\/query\/([\w-]+)$/.exec(reply.body.nextRecordsUrl)?.[1];
    if (locator === undefined) break;
    reply = await callJson(ctx, { method: "GET", path: `/query/${locator}`, expect: page });
    found.push(...reply.body.records);
  }
  return found;
}

/** The value at `Account.Name`, or null. */
export function valueAt(record: Row, path: string): Value {
  let at: Value = record;
  for (const part of path.split(".")) {
    if (at === null || typeof at !== "object" || Array.isArray(at)) return null;
    at = (at as Row)[part] ?? null;
  }
  return at;
}
