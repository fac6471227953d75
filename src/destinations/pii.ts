import type { Row, Value } from "../core/value.ts";

/** How a person's value looks on a screen, in samples and in dry runs: enough to recognise a known one, not to learn it. */
export function maskValue(value: Value): Value {
  if (value === null) return null;
  if (Array.isArray(value)) return value.map(maskValue);
  if (typeof value === "object") return maskRow(value as Row);
  if (typeof value !== "string") return "•••";
  const at = value.lastIndexOf("@");
  if (at > 0 && at < value.length - 1) return `${maskText(value.slice(0, at))}@${maskDomain(value.slice(at + 1))}`;
  return maskText(value);
}

/** Names stay, values are masked. */
export function maskRow(row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, maskValue(value)]));
}

function maskText(text: string): string {
  const [first = ""] = text;
  return text.length < 3 ? "•••" : `${first}•••`;
}

function maskDomain(domain: string): string {
  const dot = domain.lastIndexOf(".");
  return dot > 0 ? `${maskText(domain.slice(0, dot))}${domain.slice(dot)}` : maskText(domain);
}
