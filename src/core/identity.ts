import type { ComparisonKind, MatchWeights } from "./match-weights.ts";

/** How a namespace's values are made comparable; each is a macro `normalise_<kind>` of the dbt package. */
export type Normaliser =
  | { readonly kind: "text" | "lower" | "name" | "date" | "code" }
  /** `dropDots`, `dropTag`: an address of Gmail without its dots; any address without its +tag. */
  | { readonly kind: "email"; readonly dropDots: boolean; readonly dropTag: boolean }
  /** Two letters, ISO 3166: the country of numbers that are written without one. */
  | { readonly kind: "phone"; readonly country: string };

/** An identifier seen with more than `most` values of another namespace links nobody. */
export interface FanOutLimit {
  readonly namespace: string;
  readonly most: number;
  /** Counted back from the identifier's last sighting; null: for ever. */
  readonly withinSeconds: number | null;
}

export interface Namespace {
  readonly name: string;
  /** 1 is strongest. */
  readonly priority: number;
  /** At most one value per profile. */
  readonly unique: boolean;
  /** A system vouches for it: it anchors profiles. */
  readonly verified: boolean;
  readonly normalise: Normaliser;
  readonly limits: readonly FanOutLimit[];
}

export interface IdentitySource {
  readonly name: string;
  readonly relation: { readonly kind: "model" | "table"; readonly name: string };
  /** The column that is unique in it. */
  readonly key: string;
  /** The column that says when the record was seen or changed. */
  readonly at: string | null;
  /** 1 is trusted most. */
  readonly trust: number;
  /** 0–1, of the edges that its records make. */
  readonly confidence: number;
  /** Columns per namespace, in the order of their worth. */
  readonly identifiers: Readonly<Record<string, readonly string[]>>;
  /** Column per trait. A source with traits describes people: its records are nodes of their own. */
  readonly traits: Readonly<Record<string, string>>;
  /** After which its traits count no more; null: never. */
  readonly ttlSeconds: number | null;
}

export interface BlockedRule {
  /** null: of any namespace. */
  readonly namespace: string | null;
  readonly values: readonly string[];
  readonly patterns: readonly string[];
}

export interface IdentityGuards {
  /** null: off. */
  readonly learnBlockedAbove: number | null;
  readonly maxCluster: number | null;
  /** Edges below this confidence are weak: they attach, and never merge two anchored profiles; null: off. */
  readonly strongFrom: number | null;
  /** What identifiers of a namespace with limits do, up to them: attach to one profile, or merge those that they are seen with. */
  readonly limited: "attach" | "merge";
  /** A record from further in the future than this counts as undated. */
  readonly skewSeconds: number;
  readonly brake: {
    /** Share of the profiles, 0–1. */
    readonly merges: number | null;
    readonly largest: number | null;
  };
}

export type SurvivorshipRule = "trust" | "most_recent" | "most_frequent" | "longest";

export interface Survivorship {
  /** A trait, or the name of a bundle; "default" for all others. */
  readonly name: string;
  /** Traits that come from one record together; empty: the trait of this name alone. */
  readonly bundle: readonly string[];
  readonly order: readonly SurvivorshipRule[];
}

/** People without a shared identifier. */
export interface Matching {
  readonly compare: readonly { readonly trait: string; readonly kind: ComparisonKind }[];
  /** Empty: every two traits that are compared. */
  readonly blockOn: readonly (readonly string[])[];
  /** As written, relative to the project; null: the default for people. */
  readonly weights: string | null;
  /** What that file says, and the default where it says nothing. */
  readonly weighing: MatchWeights;
  /** 0–1: pairs at or above it are edges. */
  readonly threshold: number;
  /** Clusters of more records are cut again at stricter thresholds; null: never. */
  readonly recutAbove: number | null;
}

/** What identity.yml declares. */
export interface IdentityConfig {
  /** The strongest first. */
  readonly namespaces: readonly Namespace[];
  readonly sources: readonly IdentitySource[];
  readonly blocked: readonly BlockedRule[];
  readonly guards: IdentityGuards;
  readonly survivorship: readonly Survivorship[];
  readonly matching: Matching | null;
}

/** Every trait that a source declares, in the order of the file. */
export const identityTraits = ({ sources }: Pick<IdentityConfig, "sources">): string[] => [
  ...new Set(sources.flatMap(({ traits }) => Object.keys(traits))),
];

/** Columns that `identity_record` has for a namespace: as many as the source that gives most. */
export function namespaceColumns({ sources }: Pick<IdentityConfig, "sources">, namespace: string): string[] {
  const most = Math.max(0, ...sources.map(({ identifiers }) => identifiers[namespace]?.length ?? 0));
  return Array.from({ length: most }, (_, i) => (i === 0 ? namespace : `${namespace}_${i + 1}`));
}

/** The namespace of a source's own records. */
export const recordNamespace = (source: string): string => `record:${source}`;
