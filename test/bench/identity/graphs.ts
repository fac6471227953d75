/** Makes `edges` (a, b) and `vertices` (id: 0, 1, …), the same ones every time: what looks random is a hash. */
export type Graph = (edges: number) => readonly string[];

/** A number for `i` that looks random, of at least 0 and below `below`. */
const drawn = (i: string, below: number | string): string => `(hash(${i}) % ${below})::bigint`;

/** Trees of 2 to 8 vertices and one further edge in eleven, ids in no order. */
const clusters: Graph = (edges) => {
  // A cluster has four edges on average, and edges / 44 more than its tree's.
  const groups = Math.max(1, Math.round(edges / 4.4));
  return [
    `create table member as
      select g, k, row_number() over (order by hash(g * 8 + k), g, k) - 1 as id
      from range(${groups}) as t(g), range(8) as s(k) where k < 2 + ${drawn("g", 7)}`,
    `create table edges as
      select a::bigint as a, b::bigint as b from (
        select m.id as a, n.id as b from member as m inner join member as n on n.g = m.g and n.k = ${drawn("m.id", "m.k")} where m.k > 0
        union all
        select m.id, n.id from member as m inner join member as n on n.g = m.g and n.k = 0 where m.k > 1 and hash(m.id + 1) % 8 = 0
      ) order by hash(a, b)`,
    "create table vertices as select id::bigint as id from member",
    "drop table member",
  ];
};

/** Twenty vertices with ten thousandths of the edges each, upon small clusters. */
const hubs: Graph = (edges) => {
  const spokes = Math.round(edges / 100);
  return [
    ...clusters(edges - 20 * spokes),
    `insert into edges
      select ${drawn("h + 17", "(select count(*) from vertices)")}, ${drawn(`h * ${spokes} + s`, "(select count(*) from vertices)")}
      from range(20) as t(h), range(${spokes}) as u(s)`,
  ];
};

/** As many edges as half the vertices: where a random graph's giant component is about to appear, and trees are deepest. */
const threshold: Graph = (edges) => [
  `create table edges as select ${drawn("i", 2 * edges)} as a, ${drawn(`i + ${edges}`, 2 * edges)} as b from range(${edges}) as t(i)`,
  `create table vertices as select i::bigint as id from range(${2 * edges}) as t(i)`,
];

const shuffledPath: Graph = (edges) => [
  `create table place as select i, row_number() over (order by hash(i), i) - 1 as id from range(${edges + 1}) as t(i)`,
  "create table edges as select p.id::bigint as a, q.id::bigint as b from place as p inner join place as q on q.i = p.i + 1 order by hash(p.i)",
  "create table vertices as select id::bigint as id from place",
  "drop table place",
];

const sequentialPath: Graph = (edges) => [
  `create table edges as select i::bigint as a, (i + 1)::bigint as b from range(${edges}) as t(i)`,
  `create table vertices as select i::bigint as id from range(${edges + 1}) as t(i)`,
];

export const graphs = {
  "small clusters": clusters,
  "small clusters with 20 hubs": hubs,
  "random, at the threshold": threshold,
  "shuffled path": shuffledPath,
  "sequential path": sequentialPath,
} as const satisfies Readonly<Record<string, Graph>>;

export type GraphName = keyof typeof graphs;
