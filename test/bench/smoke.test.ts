import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";

const script = fileURLToPath(new URL("./bench.ts", import.meta.url));

const report = z.array(
  z.object({
    bench: z.string(),
    what: z.string(),
    value: z.number().nonnegative(),
    unit: z.string(),
    met: z.boolean().nullable(),
  }),
);

/** The benchmark itself, small. It checks by itself that every variant did its work. */
test("the benchmark prints its ratios", { timeout: 120_000 }, () => {
  const args = [script, "plan", "first", "deliver", "--rows", "20000", "--deliver-rows", "5000", "--json"];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const figures = report.parse(JSON.parse(stdout));
  const figure = (what: string): number => figures.find((each) => each.what === what)?.value ?? Number.NaN;

  // Small tables are mostly fixed costs: these bounds only tell nonsense, such as a plan that is quadratic, from sense.
  expect(figure("matched by key: plan against the join")).toBeGreaterThan(0.5);
  expect(figure("matched by key: plan against the join")).toBeLessThan(100);
  expect(figure("matched by key: no-change plan against the join")).toBeLessThan(100);
  expect(figure("delivery against the script, rows/CPU-s")).toBeGreaterThan(5);
  expect(figure("control store's share of the CPU")).toBeLessThan(100);
  expect(figures.filter(({ unit }) => unit === "MB").every(({ value }) => value > 30 && value < 3_000)).toBe(true);
});

/** It throws where the run that adds records and the one that works all of them out at once disagree on who is together. */
test("the benchmark of identity's incremental runs holds them against full ones", { timeout: 600_000 }, () => {
  const args = [script, "identity", "--only", "incremental", "--alone", "--rows", "20000", "--json"];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const of = "40 edges onto 3,200 identifiers";
  const figures = report.parse(JSON.parse(stdout)).map(({ what }) => what);
  expect(figures).toContain(`${of}: full recompute`);
  expect(figures).toContain(`${of}: against full, readings and golden values counted`);
});
