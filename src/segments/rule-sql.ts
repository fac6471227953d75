import type { Declarations, Rule, SegmentDeclaration } from "../core/declared.ts";
import { comparisonsSql, sign } from "../rules/comparison.ts";
import { indent, ref } from "../rules/text.ts";
import { patternName, rulesWithin, sequenceName } from "./patterns.ts";

/** What holds how often a profile did what a pattern asks: a column of a table of that query. */
export type TimesOf = (pattern: string) => string;

type Within = "plain" | "negated";

/** How a query names what rules ask for. */
export interface Asking {
  readonly timeZone: string;
  /** Left out: every pattern has a table of its name. */
  readonly timesOf?: TimesOf;
  /** Segments whose rule is asked in place of who is in them. */
  readonly inPlace?: ReadonlyMap<string, Rule>;
}

/**
 * A rule as SQL over `profiles` and the tables of its patterns. Rules know only true and false; SQL also null. Under `and` and `or`
 * a null ends like false, so it is left alone there, for the reader; under `not` every condition is made two-valued.
 */
export function ruleSql(rule: Rule, asking: Asking, within: Within = "plain"): string {
  const { timeZone, timesOf = (pattern) => `${pattern}.times`, inPlace } = asking;
  switch (rule.kind) {
    case "all":
    case "any": {
      const word = rule.kind === "all" ? "and" : "or";
      const parts = flattened(rule).map((each) => bracketed(each, rule.kind, asking, within));
      return parts.join(`\n${word} `);
    }
    case "not": {
      const inner = ruleSql(rule.rule, asking, "negated");
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
    case "segment": {
      const asked = inPlace?.get(rule.segment);
      if (asked === undefined) return isListed(rule.segment);
      return `(\n    -- segment ${rule.segment}\n${indent(ruleSql(asked, asking, within))}\n)`;
    }
  }
}

/** Is the profile one of those that a model, or a segment's, lists? */
export const isListed = (model: string): string => `profiles.profile_id in (select profile_id from ${ref(model)})`;

/** What must hold of whoever is in any segment: no list of those who may be in none has them. */
export const allowedSql = ({ excluded }: Pick<Declarations, "excluded">): string[] =>
  excluded.map(
    ({ model }) => `profiles.profile_id not in (select profile_id from ${ref(model)} where profile_id is not null)`,
  );

const isLeaf = ({ kind }: Rule): boolean => kind !== "all" && kind !== "any" && kind !== "not";

/** `all` within `all` says nothing of its own. */
function flattened(rule: Extract<Rule, { kind: "all" | "any" }>): Rule[] {
  return rule.rules.flatMap((each) => (each.kind === rule.kind ? flattened(each) : [each]));
}

function bracketed(rule: Rule, outer: "all" | "any", asking: Asking, within: Within): string {
  const text = ruleSql(rule, asking, within);
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
export function memberSql({ by, stage }: SegmentDeclaration, asking: Asking): string {
  if ("model" in by) return isListed(by.model);
  const own = stage?.own ?? by.rule;
  const text = ruleSql(own, asking);
  const not = (stage?.before ?? []).map(
    ({ name, rule }) => `and not (\n    -- stage ${name}\n${indent(ruleSql(rule, asking, "negated"))}\n)`,
  );
  return [own.kind === "any" ? `(\n${indent(text)}\n)` : text, ...not].join("\n");
}

/**
 * Segments whose rule can be asked in place of who is in them, by name: those that ask for no other segment, so that it stays short.
 * Whoever belongs to no segment at all is left out of both.
 */
export const rulesInPlace = (segments: readonly SegmentDeclaration[]): ReadonlyMap<string, Rule> =>
  new Map(
    segments.flatMap((segment) => {
      const rules = rulesOf(segment);
      const [own, ...before] = rules;
      if (own === undefined || [...rulesWithin(rules)].some(({ kind }) => kind === "segment")) return [];
      return [[segment.name, before.length === 0 ? own : { kind: "all", rules: [own, ...before.map(not)] }]];
    }),
  );

const not = (rule: Rule): Rule => ({ kind: "not", rule });

/** The rule of a segment that has one. */
export const ruleOf = ({ by }: SegmentDeclaration): Rule | null => ("rule" in by ? by.rule : null);
