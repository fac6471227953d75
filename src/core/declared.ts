/** What a project declares about people: events, traits and segments, validated. Pure data; names are unquoted words. */

import type { RowRoom } from "./row-room.ts";

/** A span back from a run's instant, or between two events. Days and longer are counted on the project's calendar. */
export interface Span {
  readonly count: number;
  readonly unit: SpanUnit;
}
export type SpanUnit = "minute" | "hour" | "day" | "week" | "month" | "year";

/** What a trait or a property holds; "unknown" where the files do not say. */
export type ValueType = "number" | "text" | "boolean" | "date" | "timestamp" | "unknown";

export type Literal = string | number | boolean;

/** An instant in a comparison: a day, today less some days, or so long before the run's instant. */
export type Moment = { readonly day: string } | { readonly daysAgo: number } | { readonly ago: Span };

/** The other side of a comparison. */
export type Operand =
  | { readonly literal: Literal }
  | { readonly moment: Moment }
  | { readonly trait: string; readonly times: number; readonly plus: number };

export type Order = "eq" | "ne" | "gt" | "gte" | "lt" | "lte";

/** A missing value fulfils none of these but `exists: no`. */
export type Comparison =
  | { readonly op: Order; readonly to: Operand }
  | { readonly op: "in" | "not_in"; readonly values: readonly Literal[] }
  | { readonly op: "matches" | "contains" | "starts_with" | "ends_with"; readonly text: string }
  | { readonly op: "exists"; readonly is: "there" | "missing" }
  | { readonly op: "within"; readonly span: Span };

/** A column of a model, held against one or more comparisons. */
export interface Filter {
  readonly column: string;
  readonly type: ValueType;
  readonly comparisons: readonly Comparison[];
}

/** Where in a file something was written. */
export interface Origin {
  readonly file: string;
  readonly line: number;
}

/** The rows of a model, and which column leads to the profile. */
export interface RowSource {
  readonly model: string;
  readonly profile: { readonly namespace: string; readonly column: string };
  /** When it happened; UTC without a zone. undefined: the model is no history. */
  readonly at: string | undefined;
  /** Breaks ties of `at`. */
  readonly key: string | undefined;
  /** When a row arrived or was last changed, if the model knows. */
  readonly arrived: string | undefined;
  readonly where: readonly Filter[];
}

/** What conditions may ask of an event. */
export interface Property {
  readonly column: string;
  readonly type: ValueType;
  /** How many different values there are, about. */
  readonly values?: number | undefined;
  /** Between which numbers they lie, about. */
  readonly range?: readonly [number, number] | undefined;
}

/** About how much there is of an event: it decides how passes are shared, and nothing else. */
export interface Volume {
  readonly rows?: number | undefined;
  readonly profiles?: number | undefined;
  /** From the first one until now. */
  readonly days?: number | undefined;
}

export interface EventDeclaration extends RowSource {
  readonly name: string;
  readonly at: string;
  readonly properties: ReadonlyMap<string, Property>;
  readonly volume?: Volume | undefined;
  readonly origin: Origin;
}

/** How a trait is computed from the rows of its source. */
export type TraitRule =
  | { readonly kind: "count"; readonly column: string | null }
  | {
      readonly kind: "sum" | "average" | "min" | "max" | "distinct" | "first" | "last" | "most_frequent" | "value";
      readonly column: string;
    }
  | { readonly kind: "days_since"; readonly of: "min" | "max"; readonly column: string }
  | { readonly kind: "median_gap"; readonly column: string }
  /** An aggregate in the words of the warehouse, over the source's columns. */
  | { readonly kind: "sql"; readonly text: string }
  /** Over other traits of the same profile. */
  | { readonly kind: "ratio"; readonly of: string; readonly to: string }
  | { readonly kind: "expression"; readonly text: string }
  /** 1 to 5 by rank among all profiles; 5 is the highest. */
  | { readonly kind: "score"; readonly of: string; readonly best: "highest" | "lowest" };

export interface TraitDeclaration {
  readonly name: string;
  readonly rule: TraitRule;
  readonly where: readonly Filter[];
  readonly within: Span | undefined;
  readonly as: Exclude<ValueType, "unknown"> | undefined;
  /** Instead of a missing value. */
  readonly fallback: Literal | undefined;
  readonly type: ValueType;
  /** Its values are kept with the time they were valid. */
  readonly history: boolean;
  readonly origin: Origin;
}

/** Columns that the tables of traits have for themselves; no trait bears their names. */
export const ownColumns: readonly string[] = ["profile_id", "evaluated_at", "definition", "identity_run", "has_rows"];

/** One file of traits/: any number of traits over one model. */
export interface TraitFile {
  /** The file's name without its ending; its compiled model bears it. */
  readonly name: string;
  readonly file: string;
  readonly source: RowSource;
  readonly traits: readonly TraitDeclaration[];
}

/** The model of one file of traits/. */
export const traitModel = (file: Pick<TraitFile, "name">): string =>
  `traits__${file.name.replace(/[^a-z0-9_]/gi, "_").toLowerCase()}`;

/** An event with what its properties must be. */
export interface EventPattern {
  readonly event: string;
  readonly where: readonly Filter[];
  readonly within: Span | undefined;
}

/** A rule is true or false of every profile, never unknown. */
export type Rule =
  | { readonly kind: "all" | "any"; readonly rules: readonly Rule[] }
  | { readonly kind: "not"; readonly rule: Rule }
  | {
      readonly kind: "trait";
      readonly trait: string;
      readonly type: ValueType;
      readonly comparisons: readonly Comparison[];
    }
  /** `times` has only comparisons with numbers. */
  | { readonly kind: "did"; readonly pattern: EventPattern; readonly times: readonly TimesComparison[] }
  /** One after the other, each strictly later, from first to last within `span`. */
  | { readonly kind: "sequence"; readonly steps: readonly EventPattern[]; readonly span: Span | undefined }
  | { readonly kind: "segment"; readonly segment: string };

export interface TimesComparison {
  readonly op: Order;
  readonly to: number;
}

export interface SegmentDeclaration {
  readonly name: string;
  readonly description: string | undefined;
  /** By rules, or a dbt model that returns profile_id. */
  readonly by: { readonly rule: Rule } | { readonly model: string };
  /** Where it is a stage of a life-cycle: the stage's own rule, and those of the stages before it, in whose place `by` names them. */
  readonly stage: { readonly own: Rule; readonly before: readonly NamedRule[] } | undefined;
  readonly origin: Origin;
}

export interface NamedRule {
  readonly name: string;
  readonly rule: Rule;
}

/** The stages of a life-cycle in their order; a profile is in the first whose rule holds. */
export interface LifecycleDeclaration {
  readonly name: string;
  readonly stages: readonly string[];
}

export interface Declarations {
  readonly events: readonly EventDeclaration[];
  readonly traitFiles: readonly TraitFile[];
  readonly segments: readonly SegmentDeclaration[];
  readonly lifecycles: readonly LifecycleDeclaration[];
  /** Columns that the golden record brings; null: the project has no identity.yml. */
  readonly golden: readonly string[] | null;
  /** SQL of an identifier as identity stores it, from a namespace and a column; undefined: as it is. */
  readonly identifier?: (namespace: string, column: string) => string;
  /** An IANA name. */
  readonly timeZone: string;
  /** Of the warehouse's tables; undefined: as much as traits may need. */
  readonly room?: RowRoom | undefined;
  /** Models of profile_ids that belong to no segment, and why. */
  readonly excluded: readonly { readonly model: string; readonly why: "consent" | "deletion" }[];
}
