import { parseExactly } from "../../core/exact-json.ts";
import type { Value } from "../../core/value.ts";

export type Reader = (text: string) => Value;

/** "2024-01-02 03:04:05.12+00" → "2024-01-02T03:04:05.120000Z"; infinities have no instant. The session's zone is UTC. */
function instant(text: string): string | null {
  const found = /^(\d+-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?(?:\+00)?$/.exec(text);
  return found ? `${found[1]}T${found[2]}.${(found[3] ?? "").padEnd(6, "0")}Z` : null;
}

function integer(text: string): Value {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}

function float(text: string): Value {
  const value = Number(text);
  if (Number.isNaN(value) || !Number.isFinite(value)) return null;
  return value === 0 ? 0 : value;
}

function decimal(text: string): Value {
  if (text.includes("n") || text.includes("N")) return null;
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

const asIs: Reader = (text) => text;

/** Object ids of built-in types never change: src/include/catalog/pg_type.dat of Postgres. */
const READERS: { readonly [oid: number]: Reader } = {
  16: (text) => text === "t",
  17: (text) => Buffer.from(text.slice(2), "hex").toString("base64"),
  20: integer,
  21: Number,
  23: Number,
  26: Number,
  114: parseExactly,
  700: float,
  701: float,
  1082: (text) => (text.endsWith("infinity") ? null : text),
  1114: instant,
  1184: instant,
  1700: decimal,
  3802: parseExactly,
};

/** Array type → element type, for those whose elements are not text to us. */
const ELEMENTS: { readonly [oid: number]: number } = {
  199: 114,
  1000: 16,
  1001: 17,
  1005: 21,
  1007: 23,
  1009: 25,
  1014: 1042,
  1015: 1043,
  1016: 20,
  1021: 700,
  1022: 701,
  1028: 26,
  1115: 1114,
  1182: 1082,
  1185: 1184,
  1231: 1700,
  2951: 2950,
  3807: 3802,
};

/** How to read a column's text: by the object id of its type. Types of extensions and users are their text. */
export function readerFor(oid: number): Reader {
  const element = ELEMENTS[oid];
  if (element === undefined) return READERS[oid] ?? asIs;
  const read = READERS[element] ?? asIs;
  return (text) => arrayOf(text, read);
}

/** `{1,NULL,"a b",{2}}` as a list. https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
function arrayOf(text: string, read: Reader): Value {
  // Lower bounds other than 1 stand before it: [0:2]={…}
  let at = text.indexOf("{");
  const items = (): Value[] => {
    const list: Value[] = [];
    at += 1;
    while (at < text.length && text[at] !== "}") {
      if (text[at] === "{") list.push(items());
      else list.push(item());
      if (text[at] === ",") at += 1;
    }
    at += 1;
    return list;
  };
  const item = (): Value => {
    if (text[at] === '"') {
      const end = closingQuote(text, at + 1);
      const quoted = text.slice(at + 1, end).replace(/\\(.)/gs, "$1");
      at = end + 1;
      return read(quoted);
    }
    const from = at;
    while (at < text.length && text[at] !== "," && text[at] !== "}") at += 1;
    const bare = text.slice(from, at);
    return bare === "NULL" ? null : read(bare);
  };
  return items();
}

function closingQuote(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === '"') return at;
  }
  return text.length;
}
