import type { Figure } from "../report.ts";
import { benchMany } from "./many.ts";
import { benchPasses } from "./passes.ts";
import { openBench } from "./project.ts";
import { benchSteady } from "./steady.ts";

export interface SegmentsBenchOptions {
  readonly events: number;
  readonly profiles: number;
  /** `many`, `passes`, `steady`; empty: all. */
  readonly only: readonly string[];
  readonly tell: (figure: Figure) => void;
}

/** A thousand segments declared; then fifty over one table of events on DuckDB, in CPU-seconds of the warehouse, dbt's own kept out. */
export async function benchSegments({ events, profiles, only, tell }: SegmentsBenchOptions): Promise<void> {
  const wants = (part: string) => only.length === 0 || only.includes(part);
  if (wants("many")) await benchMany(1_000, tell);
  if (!wants("passes") && !wants("steady")) return;
  const bench = await openBench(events, profiles);
  try {
    if (wants("passes")) await benchPasses(bench, tell);
    if (wants("steady")) await benchSteady(bench, events, profiles, tell);
  } finally {
    await bench.close();
  }
}
