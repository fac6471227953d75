import { leastOfComponents, type Pair } from "../../identity/union-find.ts";

/** An edge of `identity_match_edge` between records by their position. */
export interface MatchedPair {
  readonly a: number;
  readonly b: number;
  readonly confidence: number;
}

/** As `identity_cap_size` cuts: three quarters of the remaining doubt at a time, only in clusters over the size. */
export function recutClusters(
  records: number,
  edges: readonly MatchedPair[],
  options: { readonly threshold: number; readonly above: number },
): Map<number, number> {
  const all = Array.from({ length: records }, (_, i) => i);
  let kept = edges;
  let labels = leastOfComponents(kept.map(pair), all);
  for (let step = 1; step <= 8; step++) {
    const over = labelsOver(labels, options.above);
    const least = step < 8 ? 1 - (1 - options.threshold) / 4 ** step : 1;
    const inOver = ({ a }: MatchedPair) => over.has(labels.get(a) ?? a);
    if (!kept.some((edge) => inOver(edge) && edge.confidence < 1)) break;
    kept = kept.filter((edge) => !inOver(edge) || edge.confidence >= least);
    labels = leastOfComponents(kept.map(pair), all);
  }
  return labels;
}

const pair = ({ a, b }: MatchedPair): Pair => [a, b];

function labelsOver(labels: ReadonlyMap<number, number>, most: number): Set<number> {
  const sizes = new Map<number, number>();
  for (const label of labels.values()) sizes.set(label, (sizes.get(label) ?? 0) + 1);
  return new Set([...sizes].filter(([, size]) => size > most).map(([label]) => label));
}

export interface Quality {
  readonly f1: number;
  readonly precision: number;
  readonly recall: number;
  readonly largest: number;
}

/** Pairwise: of all pairs of records in one cluster, and of all pairs of one person. */
export function quality(truth: readonly string[], labels: ReadonlyMap<number, number>): Quality {
  const pairs = (sizes: Iterable<number>): number => {
    let sum = 0;
    for (const n of sizes) sum += (n * (n - 1)) / 2;
    return sum;
  };
  const people = new Map<string, number>();
  const clusters = new Map<number, number>();
  const both = new Map<string, number>();
  for (const [i, person] of truth.entries()) {
    const label = labels.get(i) ?? i;
    people.set(person, (people.get(person) ?? 0) + 1);
    clusters.set(label, (clusters.get(label) ?? 0) + 1);
    const key = `${label} ${person}`;
    both.set(key, (both.get(key) ?? 0) + 1);
  }
  const right = pairs(both.values());
  const precision = right / Math.max(1, pairs(clusters.values()));
  const recall = right / Math.max(1, pairs(people.values()));
  const f1 = right === 0 ? 0 : (2 * precision * recall) / (precision + recall);
  return { f1, precision, recall, largest: Math.max(0, ...clusters.values()) };
}
