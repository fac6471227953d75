import { join } from "node:path";
import { expect, it } from "vitest";
import { tinyProject } from "../e2e/project.ts";
import {
  aSixth,
  type Chapter,
  type Day,
  type DemoWarehouse,
  demoStory,
  type Slice,
  twoDates,
} from "../support/demo-story.ts";

export interface DemoEngine {
  /** Why it cannot be run here, for `context.skip`; null: it can. */
  readonly why: string | null;
  /** Of a fresh database; may write files beside millrace.yml. */
  warehouse(dir: string): DemoWarehouse;
  /** Left out: a sixth. All customers where MILLRACE_DEMO_FULL is set. */
  readonly slice?: Slice;
  /** Left out: two dates, then once more. */
  readonly days?: readonly Day[];
  /** What of the story on DuckDB makes the comparison worth something; of a slice of one's own. */
  readonly shows?: (story: readonly Chapter[]) => void;
}

/** The demo's project by changing `warehouse:` alone has the answers that it has on DuckDB. */
export function demoOnAnotherWarehouse({
  why,
  warehouse,
  slice = aSixth,
  days = twoDates,
  shows = bothDatesOfASixth,
}: DemoEngine): void {
  const customers = process.env.MILLRACE_DEMO_FULL === undefined ? slice : null;
  const dates = new Set(days.map(({ asOf }) => asOf)).size;
  const title = `by changing \`warehouse:\` alone: ${dates === 1 ? "one date" : "two dates"} built and sent, then nothing; all as on DuckDB`;
  if (why !== null) return void it(title, (context) => context.skip(why));
  it(title, { timeout: 1_800_000 }, async () => {
    const { dir } = tinyProject({});
    const here = await demoStory(join(dir, "there"), warehouse, customers, days);
    const duckDb = await demoStory(join(dir, "duckdb"), null, customers, days);
    expect(here).toEqual(duckDb);
    shows(duckDb);
    const [last, before] = duckDb.toReversed();
    expect(last?.runs).toMatchObject({
      "lapsing-to-file": { planned: 0 },
      "lapsing-to-newsletter": { planned: 0 },
      "vips-to-salesforce": { planned: 0 },
    });
    expect(last?.destinations).toEqual(before?.destinations);
  });
}

function bothDatesOfASixth([first, later]: readonly Chapter[]): void {
  expect(first?.runs).toMatchObject({ "vips-to-salesforce": { status: "done", removed: 0, rejected: 1 } });
  expect(later?.runs).toMatchObject({ "lapsing-to-newsletter": { status: "held" } });
  for (const sync of ["lapsing-to-file", "vips-to-salesforce"]) {
    for (const change of ["added", "updated", "removed"]) {
      expect(later?.runs, `${sync} ${change}`).toHaveProperty(
        [sync, change],
        expect.toSatisfy((n: number) => n > 0),
      );
    }
  }
  expect(first?.standing["caught by guards"]).toContainEqual(expect.stringContaining("fan_out"));
}
