import type { Rule, SegmentDeclaration } from "../core/declared.ts";
import { comparisonsSql, sign } from "../rules/comparison.ts";
import { indent, ref } from "../rules/text.ts";
import { patternName, sequenceName } from "./patterns.ts";

/** What holds how often a profile did what a pattern asks: a column of a table of that query. */
export type TimesOf = (pattern: string) => string;

const ownTable: TimesOf = (pattern) => `${pattern}.times`;

/**
 * A rule as SQL over `profiles` and the tables of its patterns. Rules know only true and false; SQL also null. Under `and` and `or`
 * a null ends like false, so it is left alone there, for the reader; under `not` every condition is made two-valued.
 */
export function ruleSql(
  rule: Rule,
  timeZone: string,
  within: "plain" | "negated" = "plain",
  timesOf: TimesOf = ownTable,
): string {
  switch (rule.kind) {
    case "all":
    case "any": {
      const word = rule.kind === "all" ? "and" : "or";
      const parts = flattened(rule).map((each) => bracketed(each, rule.kind, timeZone, within, timesOf));
      return parts.join(`\n${word} `);
    }
    case "not": {
      const inner = ruleSql(rule.rule, timeZone, "negated", timesOf);
      return isLeaf(rule.rule) ? `not ${inner}` : `not (\n${indent(inner)}\n)`;
    }
    case "trait": {
      const naming = { trait: (name: string) => `profiles.${name}`, timeZone };
      const text = comparisonsSql(`profiles.${rule.trait}`, rule.type, rule.comparisons, naming);
      if (within === "negated") return `coalesce(${text}, false)`;
      return rule.comparisons.length > 1 || / or /.test(text) ? `(${text})` : text;
    }
    case "did": {
      const times = `coalesce(${timesOf(patternName(rule.pattern))}, 0)`;
      const text = rule.times.map(({ op, to }) => `${times} ${sign(op)} ${to}`).join(" and ");
      return rule.times.length > 1 || within === "negated" ? `(${text})` : text;
    }
    case "sequence":
      return `profiles.profile_id in (select profile_id from ${sequenceName(rule)})`;
    case "segment":
      return `profiles.profile_id in (select profile_id from ${ref(rule.segment)})`;
  }
}

const isLeaf = ({ kind }: Rule): boolean => kind !== "all" && kind !== "any" && kind !== "not";

/** `all` within `all` says nothing of its own. */
function flattened(rule: Extract<Rule, { kind: "all" | "any" }>): Rule[] {
  return rule.rules.flatMap((each) => (each.kind === rule.kind ? flattened(each) : [each]));
}

function bracketed(
  rule: Rule,
  outer: "all" | "any",
  timeZone: string,
  within: "plain" | "negated",
  timesOf: TimesOf,
): string {
  const text = ruleSql(rule, timeZone, within, timesOf);
  const composite = (rule.kind === "all" || rule.kind === "any") && rule.kind !== outer && flattened(rule).length > 1;
  return composite ? `(\n${indent(text)}\n)` : text;
}

/** The rules that a segment's condition asks: of a stage its own, and those of the stages before it. None: a model lists it. */
export const rulesOf = ({ by, stage }: SegmentDeclaration): Rule[] =>
  "model" in by ? [] : stage === undefined ? [by.rule] : [stage.own, ...stage.before.map(({ rule }) => rule)];

/**
 * Who is in a segment: a condition that more can follow with `and`. A stage asks the rules of those before it, and not who is in them:
 * each of those would ask it of all before itself, twice as many views for every stage.
 */
export function memberSql({ by, stage }: SegmentDeclaration, timeZone: string, timesOf: TimesOf): string {
  if ("model" in by) return `profiles.profile_id in (select profile_id from ${ref(by.model)})`;
  const own = stage?.own ?? by.rule;
  const text = ruleSql(own, timeZone, "plain", timesOf);
  const not = (stage?.before ?? []).map(
    ({ name, rule }) => `and not (\n    -- stage ${name}\n${indent(ruleSql(rule, timeZone, "negated", timesOf))}\n)`,
  );
  return [own.kind === "any" ? `(\n${indent(text)}\n)` : text, ...not].join("\n");
}

/** The rule of a segment that has one. */
export const ruleOf = ({ by }: SegmentDeclaration): Rule | null => ("rule" in by ? by.rule : null);
