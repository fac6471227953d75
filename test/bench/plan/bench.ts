import { type Args, inChild, type Used } from "../measure.ts";
import { type Figure, figuresOf } from "../report.ts";
import type { Match } from "./model.ts";

const module = new URL("./variants.ts", import.meta.url);

export interface PlanBenchOptions {
  readonly dir: string;
  readonly rows: number;
  /** DuckDB's `memory_limit`, as `warehouse:` sets it; empty: DuckDB's own, 80 % of the machine. */
  readonly memory: string;
  readonly tell: (figure: Figure) => void;
}

/**
 * Planning against a bare hash join that counts matches on the key, then settling what was planned. One in a hundred
 * rows was added, changed and removed since the ledger was written.
 */
export async function benchPlan({ dir, rows, memory, tell }: PlanBenchOptions): Promise<void> {
  const run = (variant: string, args: Args): Promise<Used> => inChild(module, variant, { dir, rows, memory, ...args });
  await run("make", {});
  for (const match of ["key", "email"] as const) {
    await run("seed", { match });
    await planAgainstJoin(run, match, rows, tell);
  }
  const settled = await run("settle", { match: "email", length: 1_000 });
  same("settled rows", settled.facts.total, 3 * Math.floor(rows / 100));
  for (const figure of figuresOf("settling 3 % of the ledger's rows", settled)) tell(figure);
}

type Run = (variant: string, args: Args) => Promise<Used>;

async function planAgainstJoin(run: Run, match: Match, rows: number, tell: (figure: Figure) => void): Promise<void> {
  const hundredth = Math.floor(rows / 100);
  const relation = "customers_next";
  const join = await run("join", { match, relation });
  const unchanged = await run("plan", { match, relation: "customers" });
  const changed = await run("plan", { match, relation });
  same("matches of the join", join.facts.matches, rows - hundredth);
  same("rows of a no-change plan", unchanged.facts.planTableRows, 0);
  same("changes of a no-change plan", unchanged.facts.total, 0);
  for (const op of ["add", "update", "remove"]) same(`${op} of the plan`, changed.facts[op], hundredth);

  // Only a match by the key itself has a target; one by another column is a wider join.
  const most = (limit: number) => (match === "key" ? { target: { most: limit } } : {});
  tell({ what: `matched by ${match}: bare hash join`, value: join.cpu, unit: "CPU-s" });
  tell({ what: `matched by ${match}: bare hash join, peak memory`, value: join.rss / 1e6, unit: "MB" });
  for (const [what, used, limit] of [
    ["no-change plan", unchanged, 2.5],
    ["plan", changed, 3],
  ] as const) {
    tell({ what: `matched by ${match}: ${what}`, value: used.cpu, unit: "CPU-s" });
    tell({
      what: `matched by ${match}: ${what} against the join`,
      value: used.cpu / join.cpu,
      unit: "x",
      ...most(limit),
    });
    tell({ what: `matched by ${match}: ${what}, peak memory`, value: used.rss / 1e6, unit: "MB", ...most(1_500) });
  }
}

/** A first run of everything: plan, then settle with a thousand rows per result, or with an id for every row. */
export async function benchFirstRun({ dir, rows, memory, tell }: PlanBenchOptions): Promise<void> {
  const run = (variant: string, args: Args): Promise<Used> => inChild(module, variant, { dir, rows, memory, ...args });
  await run("make", {});
  for (const [match, length, ids] of [
    ["key", 1_000, false],
    ["email", 1, true],
  ] as const) {
    const planned = await run("first", { match });
    const settled = await run("settle", { match, length, ids });
    same("rows of a first run", settled.facts.total, rows);
    for (const figure of figuresOf(`first run, matched by ${match}: plan`, planned)) tell(figure);
    const answer = ids ? "an id a row" : "a result per thousand rows";
    for (const figure of figuresOf(`first run: settling, ${answer}`, settled)) tell(figure);
  }
}

function same(what: string, found: number | undefined, expected: number): void {
  if (found !== expected) throw new Error(`${what}: expected ${expected}, found ${found}`);
}
