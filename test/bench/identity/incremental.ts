import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Args, inChild, type Used } from "../measure.ts";
import type { Figure } from "../report.ts";
import { type DbtUsed, runDbt } from "./children.ts";
import { makeProject } from "./project.ts";
import { perPerson } from "./records.ts";

export interface IncrementalOptions {
  readonly dir: string;
  readonly people: number;
  /** New records, an edge each. */
  readonly added: number;
  /** At most so many percent of the full recompute. */
  readonly most: number;
  readonly tell: (figure: Figure) => void;
}

const variants = new URL("./variants.ts", import.meta.url);
const models = [
  "--select",
  ...["identity_record", "identity_resolution", "identity_golden", "identity_published", "identity_component"],
];
const env = { MILLRACE_AS_OF: "2026-01-01 00:00:00" };

/**
 * An identity run of new records against a full one of all of them, both as dbt runs the package: the CPU time of the SQL. The full
 * recompute is a first run on an empty state, which has nothing to close and so is the cheapest there is. Throws if the two disagree on who is together.
 */
export async function benchIncremental({ dir, people, added, most, tell }: IncrementalOptions): Promise<void> {
  const database = join(dir, "records.duckdb");
  const run = (variant: string, args: Args = {}): Promise<Used> =>
    inChild(variants, variant, { database, people, ...args });
  const number = (n: number) => Math.round(n).toLocaleString("en-US");
  const remove = async () => {
    for (const file of [database, `${database}.wal`]) await rm(file, { force: true });
  };
  try {
    await run("records");
    await makeProject(dir, database);
    await runDbt(dir, ["run", ...models], env);
    await run("more", { records: added });
    const few = await runDbt(dir, ["run", ...models], env);
    const { facts: stepwise } = await run("groups");
    await remove();

    await run("records");
    await run("more", { records: added });
    const full = await runDbt(dir, ["run", ...models], env);
    const { facts: atOnce } = await run("groups");
    for (const [what, value] of Object.entries(atOnce)) {
      if (stepwise[what] !== value) throw new Error(`${what}: ${stepwise[what]} step by step, ${value} at once`);
    }

    const of = `${number(added)} edges onto ${number(people * perPerson.identifiers)} identifiers`;
    tell({ what: `${of}: full recompute`, value: full.cpu, unit: "CPU-s" });
    tell({ what: `${of}: incremental run`, value: few.cpu, unit: "CPU-s" });
    tell({ what: `${of}: statements`, value: few.statements, unit: "rows" });
    const share = (part: (used: DbtUsed) => number) => (100 * part(few)) / part(full);
    const resolution = ({ nodes }: DbtUsed) => nodes.identity_resolution ?? 0;
    const all = share(({ cpu }) => cpu);
    tell({ what: `${of}: against full, readings and golden values counted`, value: all, unit: "%", target: { most } });
    tell({ what: `${of}: resolution alone`, value: share(resolution), unit: "%" });
    tell({ what: `${of}: full recompute's peak memory`, value: full.rss / 1e6, unit: "MB" });
  } finally {
    await remove();
  }
}
