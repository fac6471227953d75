import type { Literal, TraitDeclaration, TraitRule, ValueType } from "../core/declared.ts";
import { traitsNamed } from "../core/traits-named.ts";
import type { Edges } from "./cycles.ts";
import type { RuleReading } from "./declared-names.ts";
import { error } from "./fault.ts";
import { placeAt, type SourcePath } from "./source.ts";
import { isDay } from "./span.ts";
import { sqlTextFault } from "./sql-text.ts";

/** Kinds whose value is a number whatever their columns hold. */
const numbers: ReadonlySet<TraitRule["kind"]> = new Set([
  "count",
  "distinct",
  "average",
  "days_since",
  "median_gap",
  "ratio",
  "score",
]);

/** Holds what a trait says of its type against how it is computed, and what it is computed from against that. */
export function checkTrait(
  { rule, as, fallback, name, type }: TraitDeclaration,
  path: SourcePath,
  reading: RuleReading,
): void {
  const fault = (key: string, message: string, mend: string): void =>
    void reading.faults.push(error(placeAt(reading.root, [...path, key]), message, mend));
  if (as !== undefined && as !== "number" && numbers.has(rule.kind))
    fault("as", `${rule.kind} is a number, and cannot be ${article(as)}`, "leave `as` out");
  if (as !== undefined && rule.kind === "sum" && as !== "number" && as !== "text")
    fault("as", `a sum is a number, and cannot be ${article(as)}`, "leave `as` out");
  if (rule.kind === "sql" || rule.kind === "expression") {
    const wrong = sqlTextFault(rule.text);
    if (wrong !== undefined)
      fault(rule.kind, `the SQL of ${name} cannot stand in a query: ${wrong.message}`, wrong.mend);
  }
  if (rule.kind === "ratio") {
    for (const of of new Set([rule.of, rule.to])) {
      const is = reading.names.traits.get(of) ?? "unknown";
      if (is === "number" || is === "unknown") continue;
      fault("ratio", `ratio divides numbers, and ${of} is ${article(is)}`, "name a trait that is a number");
    }
  }
  if (rule.kind === "score" && reading.names.traits.get(rule.of) === "text")
    fault("score", `score ranks numbers and days, and ${rule.of} is text`, "name a trait that is a number or a day");
  const wanted = fallback === undefined ? undefined : otherThan(type, fallback);
  if (wanted !== undefined)
    fault(
      "default",
      `${name} is ${article(type)}, and its default ${JSON.stringify(fallback)} is none`,
      `write ${wanted}`,
    );
}

/** What a default of this type looks like, where this one does not. */
function otherThan(type: ValueType, value: Literal): string | undefined {
  switch (type) {
    case "number":
      return typeof value === "number" ? undefined : "a number, such as 0";
    case "text":
      return typeof value === "string" ? undefined : `it in quotes: "${String(value)}"`;
    case "boolean":
      return typeof value === "boolean" ? undefined : "true or false, without quotes";
    case "date":
      return typeof value === "string" && isDay(value) ? undefined : "a day, such as 2026-03-01";
    case "timestamp": {
      const [, day = ""] = /^(.*?)(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?$/.exec(String(value)) ?? [];
      return isDay(day) ? undefined : "a day or an instant, such as 2026-03-01 12:00:00";
    }
    case "unknown":
      return undefined;
  }
}

const article = (type: ValueType): string =>
  type === "text" ? "text" : type === "boolean" ? "true or false" : `a ${type}`;

/** Which others each computed trait names. An expression may have its own name for a word of SQL, such as year. */
export function traitEdges(traits: readonly TraitDeclaration[]): Edges {
  const computed = new Set(
    traits.flatMap(({ name, rule }) => (["ratio", "score", "expression"].includes(rule.kind) ? [name] : [])),
  );
  return new Map(
    traits.map(({ name, rule, origin }) => [
      name,
      [...new Set(traitsNamed(rule))]
        .filter((to) => computed.has(to) && !(rule.kind === "expression" && to === name))
        .map((to) => ({ to, place: { ...origin, column: 1 } })),
    ]),
  );
}
