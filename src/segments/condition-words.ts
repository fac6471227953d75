import type { Comparison, EventPattern, Moment, Operand, Rule, Span } from "../core/declared.ts";

/** A condition as a person says it: `order_count is at least 3`. */
export function conditionWords(rule: Rule): string {
  switch (rule.kind) {
    case "all":
    case "any":
      return rule.rules
        .map((each) => (composite(each) ? `(${conditionWords(each)})` : conditionWords(each)))
        .join(rule.kind === "all" ? " and " : " or ");
    case "not":
      return rule.rule.kind === "segment" ? inSegment(rule.rule, "is not") : `not (${conditionWords(rule.rule)})`;
    case "trait":
      return `${rule.trait} ${rule.comparisons.map(comparisonWords).join(" and ")}`;
    case "did": {
      const never = rule.times.some(({ op, to }) => op === "eq" && to === 0);
      if (never) return `never did ${patternText(rule.pattern)}`;
      const once = rule.times.length === 1 && rule.times.some(({ op, to }) => op === "gte" && to === 1);
      const times = once ? "" : ` ${rule.times.map(({ op, to }) => `${orderWords[op]} ${to}`).join(" and ")} times`;
      return `did ${patternText(rule.pattern)}${times}`;
    }
    case "sequence": {
      const steps = rule.steps.map(patternText).join(", then ");
      return `did ${steps}${rule.span === undefined ? "" : `, within ${spanText(rule.span)}`}`;
    }
    case "segment":
      return inSegment(rule, "is");
  }
}

const inSegment = ({ segment }: Extract<Rule, { kind: "segment" }>, verb: "is" | "is not"): string =>
  `${verb} in the segment ${segment}`;

const composite = (rule: Rule): boolean => (rule.kind === "all" || rule.kind === "any") && rule.rules.length > 1;

const orderWords = {
  eq: "exactly",
  ne: "not",
  gt: "more than",
  gte: "at least",
  lt: "less than",
  lte: "at most",
} as const;
const comparisonOrder = {
  eq: "is",
  ne: "is not",
  gt: "is more than",
  gte: "is at least",
  lt: "is less than",
  lte: "is at most",
} as const;

export const spanText = ({ count, unit }: Span): string => `${count} ${unit}${count === 1 ? "" : "s"}`;

function patternText({ event, where, within }: EventPattern): string {
  const filters = where.map(({ column, comparisons }) => `${column} ${comparisons.map(comparisonWords).join(" and ")}`);
  const narrowed = filters.length === 0 ? "" : ` (${filters.join(", ")})`;
  return `${event}${narrowed}${within === undefined ? "" : ` in the last ${spanText(within)}`}`;
}

function comparisonWords(comparison: Comparison): string {
  switch (comparison.op) {
    case "in":
      return `is one of ${comparison.values.join(", ")}`;
    case "not_in":
      return `is none of ${comparison.values.join(", ")}`;
    case "matches":
    case "contains":
    case "starts_with":
    case "ends_with":
      return `${comparison.op.replace("_", " ")} ${JSON.stringify(comparison.text)}`;
    case "exists":
      return comparison.is === "there" ? "has a value" : "has no value";
    case "within":
      return `is in the last ${spanText(comparison.span)}`;
    default:
      return `${comparisonOrder[comparison.op]} ${operandText(comparison.to)}`;
  }
}

function operandText(to: Operand): string {
  if ("literal" in to) return String(to.literal);
  if ("moment" in to) return momentText(to.moment);
  const times = to.times === 1 ? "" : ` × ${to.times}`;
  return `${to.trait}${times}${to.plus === 0 ? "" : ` ${to.plus < 0 ? "−" : "+"} ${Math.abs(to.plus)}`}`;
}

function momentText(moment: Moment): string {
  if ("day" in moment) return moment.day;
  if ("ago" in moment) return `${spanText(moment.ago)} ago`;
  return moment.daysAgo === 0 ? "today" : moment.daysAgo === 1 ? "yesterday" : `${moment.daysAgo} days ago`;
}
