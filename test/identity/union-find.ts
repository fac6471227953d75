export type Pair = readonly [number, number];

/** The least id of every vertex's component: the plain algorithm that the SQL is held against. */
export function leastOfComponents(edges: readonly Pair[], vertices: Iterable<number> = []): Map<number, number> {
  const parent = new Map<number, number>();
  const root = (id: number): number => {
    let at = id;
    for (let up = parent.get(at) ?? at; up !== at; up = parent.get(at) ?? at) {
      parent.set(at, parent.get(up) ?? up);
      at = up;
    }
    return at;
  };
  for (const id of vertices) parent.set(id, parent.get(id) ?? id);
  for (const [a, b] of edges) {
    for (const id of [a, b]) if (!parent.has(id)) parent.set(id, id);
    const [x, y] = [root(a), root(b)];
    if (x !== y) parent.set(Math.max(x, y), Math.min(x, y));
  }
  return new Map([...parent.keys()].map((id) => [id, root(id)]));
}
