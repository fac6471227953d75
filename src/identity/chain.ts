import { smallestCut } from "./cut.ts";

/** One piece of evidence, as `identity_edge` has it. */
export interface Evidence {
  /** "namespace value". */
  readonly a: string;
  readonly b: string;
  readonly rule: string;
  readonly source: string;
  readonly firstSeen: string | null;
  readonly confidence: number;
}

export interface Chain {
  /** From A to B: one piece of evidence per step; `from` and `to` in walking order. */
  readonly steps: readonly (Evidence & { readonly from: string; readonly to: string })[];
  /** The step with the least confidence, of the first seen last among equals. */
  readonly weakest: Evidence;
  /** Steps each of which alone holds A and B together. */
  readonly separating: readonly Evidence[];
  /**
   * Where no step alone does: the fewest pairs without all of which A and B would be apart, one piece of evidence each. Empty
   * where one alone does; null: there are too many ways between the two to tell.
   */
  readonly together: readonly Evidence[] | null;
}

/** The shortest chain of evidence from A to B, the surest of those; null: there is none, or A is B. */
export function chain(edges: readonly Evidence[], a: string, b: string): Chain | null {
  const surest = surestOfPairs(edges);
  const steps = shortest(surest, a, b);
  if (steps === null || steps[0] === undefined) return null;
  const weakest = steps.reduce((least, step) => (weaker(step, least) ? step : least));
  const separating = steps.filter(
    (step) =>
      shortest(
        surest.filter((edge) => !samePair(edge, step)),
        a,
        b,
      ) === null,
  );
  return { steps, weakest, separating, together: separating.length > 0 ? [] : smallestCut(surest, a, b) };
}

const weaker = (x: Evidence, y: Evidence): boolean =>
  x.confidence < y.confidence || (x.confidence === y.confidence && (x.firstSeen ?? "") > (y.firstSeen ?? ""));

const samePair = (x: Evidence, y: Evidence): boolean => x.a === y.a && x.b === y.b;

/** One piece of evidence per pair, the surest, and the surest pairs first. */
function surestOfPairs(edges: readonly Evidence[]): Evidence[] {
  const pairs = new Map<string, Evidence>();
  for (const edge of [...edges].sort((x, y) => y.confidence - x.confidence)) {
    const pair = JSON.stringify(edge.a < edge.b ? [edge.a, edge.b] : [edge.b, edge.a]);
    if (!pairs.has(pair)) pairs.set(pair, edge);
  }
  return [...pairs.values()];
}

function shortest(edges: readonly Evidence[], a: string, b: string): Chain["steps"] | null {
  const at = Map.groupBy(
    edges.flatMap((edge) => [
      { end: edge.a, edge },
      { end: edge.b, edge },
    ]),
    ({ end }) => end,
  );
  const came = new Map<string, { readonly from: string; readonly edge: Evidence }>();
  const queue = [a];
  for (let next = queue.shift(); next !== undefined && next !== b; next = queue.shift()) {
    for (const { edge } of at.get(next) ?? []) {
      const other = edge.a === next ? edge.b : edge.a;
      if (other === a || came.has(other)) continue;
      came.set(other, { from: next, edge });
      queue.push(other);
    }
  }
  const steps: (Evidence & { readonly from: string; readonly to: string })[] = [];
  for (let to = b; to !== a; ) {
    const step = came.get(to);
    if (step === undefined) return null;
    steps.unshift({ ...step.edge, from: step.from, to });
    to = step.from;
  }
  return steps;
}
