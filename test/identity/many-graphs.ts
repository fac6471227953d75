import type { Pair } from "./union-find.ts";

/** A reproducible stream of numbers in [0, 1). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Many graphs side by side: paths in order and shuffled, rings, stars, trees, cliques, random ones, loops and doubles. */
export function manyGraphs(seed: number): { edges: Pair[]; vertices: number[] } {
  const next = numbers(seed);
  const below = (n: number): number => Math.floor(next() * n);
  const edges: Pair[] = [];
  const vertices: number[] = [];
  for (let graph = 0; graph < 60; graph++) {
    const size = 2 + below(graph % 10 === 0 ? 400 : 30);
    const base = graph * 1_000 - 20_000;
    const ids = Array.from({ length: size }, (_, i) => base + i);
    vertices.push(...ids);
    if (graph % 3 !== 0) ids.sort(() => next() - 0.5);
    const at = (i: number): number => ids[i] ?? base;
    const kind = graph % 6;
    for (let i = 1; i < size; i++) {
      if (kind === 0) edges.push([at(i - 1), at(i)]);
      if (kind === 1) edges.push([at(0), at(i)]);
      if (kind === 2) edges.push([at(i), at(below(i))]);
      if (kind === 3) edges.push([at(below(size)), at(below(size))]);
      if (kind === 4) edges.push([at(i), at(i - 1)], [at(i), at(i)], [at(i - 1), at(i)]);
      if (kind === 5 && i < 8) for (let j = 0; j < i; j++) edges.push([at(i), at(j)]);
    }
    if (kind === 0 && size > 3) edges.push([at(size - 1), at(0)]);
  }
  return { edges, vertices };
}
