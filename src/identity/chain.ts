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
  /** Steps without which A and B would be apart. */
  readonly separating: readonly Evidence[];
}

/** The shortest chain of evidence from A to B, the surest of those; null: there is none. */
export function chain(edges: readonly Evidence[], a: string, b: string): Chain | null {
  const steps = shortest(edges, a, b);
  if (steps === null || steps[0] === undefined) return null;
  const weakest = steps.reduce((least, step) => (weaker(step, least) ? step : least));
  const separating = steps.filter(
    (step) =>
      shortest(
        edges.filter((edge) => !samePair(edge, step)),
        a,
        b,
      ) === null,
  );
  return { steps, weakest, separating };
}

const weaker = (x: Evidence, y: Evidence): boolean =>
  x.confidence < y.confidence || (x.confidence === y.confidence && (x.firstSeen ?? "") > (y.firstSeen ?? ""));

const samePair = (x: Evidence, y: Evidence): boolean => x.a === y.a && x.b === y.b;

function shortest(edges: readonly Evidence[], a: string, b: string): Chain["steps"] | null {
  const at = new Map<string, Evidence[]>();
  for (const edge of [...edges].sort((x, y) => y.confidence - x.confidence)) {
    for (const end of [edge.a, edge.b]) at.set(end, [...(at.get(end) ?? []), edge]);
  }
  const came = new Map<string, { readonly from: string; readonly edge: Evidence }>();
  const queue = [a];
  for (let next = queue.shift(); next !== undefined && next !== b; next = queue.shift()) {
    for (const edge of at.get(next) ?? []) {
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
