import type { Value } from "../../core/value.ts";

/** The part of SOQL that a sync needs: one object, ANDed conditions, order, limit, offset. */
export interface Soql {
  /** Empty: COUNT(). */
  readonly select: readonly string[];
  readonly from: string;
  readonly where: readonly Condition[];
  readonly orderBy: { readonly field: string; readonly descending: boolean } | null;
  readonly limit: number | null;
  readonly offset: number;
}

export interface Condition {
  readonly field: string;
  readonly op: "=" | "!=" | "<" | ">" | "<=" | ">=" | "in" | "not in";
  readonly values: readonly Value[];
}

interface Token {
  readonly kind: "word" | "text" | "sign";
  readonly value: string;
}

const TOKEN = /\s+|'((?:[^'\\]|\\.)*)'|([\w.:+-]+)|(!=|<>|<=|>=|[=<>(),])/gy;

/** Reads a query; a sentence says what is wrong, or not offered here. */
export function parseSoql(text: string): Soql | string {
  const tokens = tokenize(text);
  if (typeof tokens === "string") return tokens;
  let at = 0;
  const peek = () => tokens[at];
  const isWord = (word: string) => peek()?.kind === "word" && peek()?.value.toLowerCase() === word;
  const take = (word: string) => {
    if (!isWord(word)) return false;
    at += 1;
    return true;
  };
  const sign = (value: string) => {
    if (peek()?.kind !== "sign" || peek()?.value !== value) return false;
    at += 1;
    return true;
  };
  const name = () => {
    const token = peek();
    if (token?.kind !== "word") return undefined;
    at += 1;
    return token.value;
  };

  if (!take("select")) return "expecting SELECT";
  const select: string[] = [];
  if (isWord("count") && tokens[at + 1]?.value === "(") {
    at += 1;
    if (!sign("(") || !sign(")")) return "expecting COUNT()";
  } else {
    do {
      const field = name();
      if (field === undefined) return "expecting a field name";
      select.push(field);
    } while (sign(","));
  }
  if (!take("from")) return "expecting FROM";
  const from = name();
  if (from === undefined) return "expecting an object name";

  const where: Condition[] = [];
  if (take("where")) {
    do {
      const condition = readCondition(name, sign, take, () => tokens[at++]);
      if (typeof condition === "string") return condition;
      where.push(condition);
    } while (take("and"));
  }
  let orderBy: Soql["orderBy"] = null;
  if (take("order")) {
    const field = take("by") ? name() : undefined;
    if (field === undefined) return "expecting ORDER BY and a field";
    const descending = take("desc");
    if (!descending) take("asc");
    orderBy = { field, descending };
  }
  const limit = take("limit") ? Number(name()) : null;
  const offset = take("offset") ? Number(name()) : 0;
  if (Number.isNaN(limit) || Number.isNaN(offset)) return "expecting a number";
  if (at < tokens.length) return `unexpected token: '${tokens[at]?.value ?? ""}'`;
  return { select, from, where, orderBy, limit, offset };
}

function readCondition(
  name: () => string | undefined,
  sign: (value: string) => boolean,
  take: (word: string) => boolean,
  next: () => Token | undefined,
): Condition | string {
  const field = name();
  if (field === undefined) return "expecting a field name in WHERE";
  const negated = take("not");
  if (take("in")) {
    if (!sign("(")) return "expecting a left parenthesis";
    const values: Value[] = [];
    do {
      const value = literal(next());
      if (value === undefined) return "expecting a value";
      values.push(value);
    } while (sign(","));
    if (!sign(")")) return "expecting a right parenthesis";
    return { field, op: negated ? "not in" : "in", values };
  }
  const token = next();
  const op = token?.value === "<>" ? "!=" : token?.value;
  if (token?.kind !== "sign" || (op !== "=" && op !== "!=" && op !== "<" && op !== ">" && op !== "<=" && op !== ">=")) {
    return "expecting an operator";
  }
  const value = literal(next());
  return value === undefined ? "expecting a value" : { field, op, values: [value] };
}

function literal(token: Token | undefined): Value | undefined {
  if (token === undefined || token.kind === "sign") return undefined;
  if (token.kind === "text") return token.value;
  const word = token.value.toLowerCase();
  if (word === "null") return null;
  if (word === "true" || word === "false") return word === "true";
  return /^[+-]?\d+(\.\d+)?$/.test(word) ? Number(word) : token.value;
}

function tokenize(text: string): readonly Token[] | string {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) return `unexpected character at ${from + 1}`;
    const [, quoted, word, sign] = match;
    if (quoted !== undefined) tokens.push({ kind: "text", value: unescaped(quoted) });
    else if (word !== undefined) tokens.push({ kind: "word", value: word });
    else if (sign !== undefined) tokens.push({ kind: "sign", value: sign });
  }
  return tokens;
}

/** https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_quotedstringescapes.htm */
function unescaped(text: string): string {
  return text.replaceAll(/\\(u[0-9a-fA-F]{4}|.)/g, (_all, code: string) => {
    if (code.length === 5) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    const controls: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };
    return controls[code.toLowerCase()] ?? code;
  });
}
