import type { Row, Value } from "../../core/value.ts";

const placeholder = /\{\{\s*([^{}]*?)\s*\}\}/g;
const onlyPlaceholder = /^\{\{\s*([^{}]*?)\s*\}\}$/;

/** What a placeholder stands for; undefined: the payload does not hold it. */
export type Scope = (name: string) => Value | undefined;

/** Names of all placeholders in a template. */
export function namesIn(template: Value | undefined): string[] {
  if (typeof template === "string") return [...template.matchAll(placeholder)].map((match) => match[1] ?? "");
  if (typeof template !== "object" || template === null) return [];
  return Object.values(template).flatMap(namesIn);
}

/**
 * Fills a JSON template. A text that is one placeholder becomes its value with its type, and leaves its property out
 * where there is none; inside other text values become text. Keys are not filled.
 */
export function fill(template: Value, scope: Scope): Value | undefined {
  if (typeof template === "string") {
    const name = onlyPlaceholder.exec(template)?.[1];
    return name === undefined ? fillText(template, scope, asText) : scope(name);
  }
  if (typeof template !== "object" || template === null) return template;
  if (Array.isArray(template)) return template.map((item) => fill(item, scope) ?? null);
  const filled: Record<string, Value> = {};
  for (const [name, item] of Object.entries(template as Row)) {
    const value = fill(item, scope);
    if (value !== undefined) filled[name] = value;
  }
  return filled;
}

/** Values in a path are percent-encoded, so that none can leave its segment. */
export function fillPath(path: string, scope: Scope): string {
  return fillText(path, scope, (value) => encodeURIComponent(asText(value)));
}

function fillText(text: string, scope: Scope, write: (value: Value | undefined) => string): string {
  return text.replace(placeholder, (_all, name: string) => write(scope(name)));
}

function asText(value: Value | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
