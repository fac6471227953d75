import { createHash } from "node:crypto";
import type { Declarations, EventDeclaration, EventPattern, Rule, Span } from "../core/declared.ts";
import { filtersSql } from "../rules/comparison.ts";
import { passOf } from "../rules/rows.ts";

/** An event pattern that rules count, however many rules do. */
export interface CountedPattern {
  /** Its column, e.g. `order_placed_365_days_3f9a1c`. */
  readonly name: string;
  readonly event: EventDeclaration;
  readonly pattern: EventPattern;
}

/** A sequence that rules ask for, however many rules do. */
export interface SoughtSequence {
  readonly name: string;
  readonly steps: readonly { readonly event: EventDeclaration; readonly pattern: EventPattern }[];
  readonly span: Span | undefined;
}

/** What one project's rules ask of events, each once. */
export interface AskedOfEvents {
  readonly counts: ReadonlyMap<string, CountedPattern>;
  readonly sequences: ReadonlyMap<string, SoughtSequence>;
}

/** All rules of these trees, one tree after the other, each from the outside in. */
export function* rulesWithin(rules: Iterable<Rule>): Generator<Rule> {
  for (const rule of rules) {
    yield rule;
    if (rule.kind === "not") yield* rulesWithin([rule.rule]);
    if (rule.kind === "all" || rule.kind === "any") yield* rulesWithin(rule.rules);
  }
}

export function askedOfEvents(
  declared: Pick<Declarations, "events" | "timeZone">,
  rules: Iterable<Rule>,
): AskedOfEvents {
  const events = new Map(declared.events.map((event) => [event.name, event]));
  const counts = new Map<string, CountedPattern>();
  const sequences = new Map<string, SoughtSequence>();
  for (const each of rulesWithin(rules)) {
    if (each.kind === "did") {
      const event = found(events, each.pattern.event);
      counts.set(patternName(each.pattern), { name: patternName(each.pattern), event, pattern: each.pattern });
    } else if (each.kind === "sequence") {
      const steps = each.steps.map((pattern) => ({ event: found(events, pattern.event), pattern }));
      sequences.set(sequenceName(each), { name: sequenceName(each), steps, span: each.span });
    }
  }
  return { counts, sequences };
}

function found(events: ReadonlyMap<string, EventDeclaration>, name: string): EventDeclaration {
  const event = events.get(name);
  if (event === undefined) throw new RangeError(`no event ${name}`);
  return event;
}

/** The same pattern has the same name in every segment: readable, with six characters of a hash where a filter or length needs them. */
export function patternName({ event, where, within }: EventPattern): string {
  const window = within === undefined ? "ever" : spanWords(within);
  const plain = `${event}_${window}`;
  if (where.length === 0 && plain.length <= 56) return plain;
  return `${plain.slice(0, 50)}_${hash(JSON.stringify([event, window, where]))}`;
}

export function sequenceName({
  steps,
  span,
}: {
  readonly steps: readonly EventPattern[];
  readonly span: Span | undefined;
}): string {
  const plain = steps.map(({ event }) => event).join("_then_");
  return `${plain.slice(0, 45)}_${hash(JSON.stringify([steps, span]))}`;
}

/**
 * What rows of a pattern say in a table of several, sorted by it: DuckDB knows the first eight characters of what a block holds, and
 * skips those that lie outside; names often share theirs.
 */
export const patternKey = (name: string): string => `${hash(name)}_${name}`;
export const byKey = (one: { readonly name: string }, other: { readonly name: string }): number =>
  patternKey(one.name) < patternKey(other.name) ? -1 : 1;

export const spanWords = ({ count, unit }: Span): string => `${count}_${unit}${count === 1 ? "" : "s"}`;

const hash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 6);

/** The pattern in words, for comments: `order_placed, last 365 days, source.revenue >= 50`. */
export function patternWords(
  { event, pattern }: CountedPattern | SoughtSequence["steps"][number],
  timeZone: string,
): string {
  const filters = filtersSql(pattern.where, (name) => name, timeZone);
  const window = pattern.within === undefined ? "ever" : `last ${pattern.within.count} ${pattern.within.unit}s`;
  return [event.name, window, ...filters].join(", ");
}

/** Counted patterns by the table they can be counted from in one pass. */
export function byPass(counts: Iterable<CountedPattern>): Map<string, CountedPattern[]> {
  const passes = new Map<string, CountedPattern[]>();
  for (const count of counts) {
    const key = passOf(count.event);
    passes.set(key, [...(passes.get(key) ?? []), count]);
  }
  return passes;
}
