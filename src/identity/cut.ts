/** An edge without a direction. */
interface Link {
  readonly a: string;
  readonly b: string;
}

interface Arc {
  readonly to: string;
  readonly link: number;
}

/** So many ways between two identifiers that share no edge; beyond it nobody reads a list of what to cut. */
const mostWays = 50;

/**
 * The fewest links without which A and B are apart (Ford and Fulkerson: as many as there are ways from A to B that share none), those
 * nearest to A among equals; null: more than `mostWays`. `links` has each pair once.
 */
export function smallestCut<L extends Link>(links: readonly L[], a: string, b: string): L[] | null {
  const arcs = new Map<string, Arc[]>();
  const put = (from: string, arc: Arc) => {
    const known = arcs.get(from);
    if (known === undefined) arcs.set(from, [arc]);
    else known.push(arc);
  };
  for (const [link, { a: one, b: other }] of links.entries()) {
    put(one, { to: other, link });
    put(other, { to: one, link });
  }
  /** By link: the end towards which a way uses it. */
  const used = new Map<number, string>();
  for (let ways = 0; ways <= mostWays; ways++) {
    const came = reach(arcs, used, a, b);
    if (!came.has(b)) return links.filter(({ a: one, b: other }) => isIn(came, a, one) !== isIn(came, a, other));
    for (let to = b; to !== a; ) {
      const step = came.get(to);
      if (step === undefined) break;
      // Against a way that uses it already: the two cancel out.
      if (used.get(step.link) === step.from) used.delete(step.link);
      else used.set(step.link, to);
      to = step.from;
    }
  }
  return null;
}

const isIn = (came: ReadonlyMap<string, unknown>, a: string, name: string): boolean => name === a || came.has(name);

/** Whom one more way from A can reach, and over which link. */
function reach(arcs: ReadonlyMap<string, readonly Arc[]>, used: ReadonlyMap<number, string>, a: string, b: string) {
  const came = new Map<string, { readonly from: string; readonly link: number }>();
  const queue = [a];
  for (let at = 0; at < queue.length; at++) {
    const from = queue[at] ?? a;
    for (const { to, link } of arcs.get(from) ?? []) {
      if (to === a || came.has(to) || used.get(link) === to) continue;
      came.set(to, { from, link });
      if (to === b) return came;
      queue.push(to);
    }
  }
  return came;
}
