import type { Change } from "../core/change.ts";
import type { Value } from "../core/value.ts";

const maxLength = 300;
const word = "[^\\s\"'<>()[\\]{},;:=@]+";
const email = new RegExp(`${word}(?:'${word})*@${word}`, "g");
/** At least eight digits with the usual separators: telephone numbers, and now and then an innocent id. */
const phone = /\+?\d(?:[\s().\-/]{0,2}\d){7,}/g;

/** A platform's message about one row, without the row's own values, addresses or telephone numbers; at most 300 characters. */
export function scrub(message: string, change: Change): string {
  const values = new Set<string>();
  collect(change.key, values);
  collect(change.externalId ?? null, values);
  for (const row of [change.match, change.fields, change.movedFrom ?? {}]) collect(row, values);
  let out = message;
  // The longest first: a name inside an address must not tear the address apart.
  for (const value of [...values].sort((a, b) => b.length - a.length)) out = replaceAll(out, value);
  return scrubText(out);
}

/** The same for a message about no particular row. */
export function scrubText(message: string): string {
  const out = message.replace(email, "…").replace(phone, "…").replace(/\s+/g, " ").trim();
  return out.length <= maxLength ? out : `${out.slice(0, maxLength - 1)}…`;
}

function collect(value: Value, into: Set<string>): void {
  if (typeof value === "string") {
    const text = value.trim();
    if (text.length >= 3) into.add(text);
    const quoted = JSON.stringify(text).slice(1, -1);
    if (quoted !== text) into.add(quoted);
    return;
  }
  // Small numbers are in every message ("at most 100"), and say nothing about anybody.
  if (typeof value === "number" && String(value).length >= 4) into.add(String(value));
  if (value === null || typeof value !== "object") return;
  for (const one of Object.values(value)) collect(one as Value, into);
}

function replaceAll(text: string, value: string): string {
  // What is longer than the message is not in it, and a value of megabytes is no regular expression.
  if (value.length > text.length) return text;
  return text.replace(new RegExp(value.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "gi"), "…");
}
