import type { Figure } from "../report.ts";
import { benchMany } from "./many.ts";
import { benchPasses } from "./passes.ts";
import { openBench } from "./project.ts";
import { benchSteady } from "./steady.ts";

export interface SegmentsBenchOptions {
  readonly events: number;
  readonly profiles: number;
  readonly tell: (figure: Figure) => void;
}

/** A thousand segments declared; then fifty over one table of events on DuckDB, in CPU-seconds of the warehouse, dbt's own kept out. */
export async function benchSegments({ events, profiles, tell }: SegmentsBenchOptions): Promise<void> {
  await benchMany(1_000, tell);
  const bench = await openBench(events, profiles);
  try {
    await benchPasses(bench, tell);
    await benchSteady(bench, events, profiles, tell);
  } finally {
    await bench.close();
  }
}
