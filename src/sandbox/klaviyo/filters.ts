import type { Answer } from "../core/platform.ts";
import { breach } from "./errors.ts";

/** `equals(field,value)` or `any(field,[values])`; the sandbox offers no other operator. */
export interface Filter {
  readonly field: string;
  readonly values: readonly string[];
}

/**
 * Reads a `filter` parameter on one of the allowed fields; null when there is none.
 * https://developers.klaviyo.com/en/docs/filtering_ has values in double or single quotes, lists in brackets.
 */
export function readFilter(query: URLSearchParams, allowed: readonly string[]): Filter | null | Answer {
  const text = query.get("filter");
  if (text === null) return null;
  const match = /^(equals|any)\(\s*([\w.]+)\s*,\s*([\s\S]*?)\s*\)$/.exec(text);
  const [, operator, field, argument] = match ?? [];
  if (field === undefined || argument === undefined)
    return breach(
      400,
      `unreadable filter, or one the sandbox lacks: ${operator ?? text.split("(")[0] ?? ""}`,
      "filter",
    );
  if (!allowed.includes(field)) return breach(400, `cannot filter by ${field}`, "filter");
  const values = readValues(argument);
  return values === undefined ? breach(400, "unreadable filter value", "filter") : { field, values };
}

function readValues(argument: string): readonly string[] | undefined {
  const list = argument.startsWith("[") && argument.endsWith("]") ? argument.slice(1, -1) : argument;
  const values: string[] = [];
  const item = /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*(,|$)/gy;
  while (item.lastIndex < list.length) {
    const match = item.exec(list);
    if (match === null) return undefined;
    values.push((match[1] ?? match[2] ?? "").replaceAll(/\\(.)/g, "$1"));
  }
  return values;
}
