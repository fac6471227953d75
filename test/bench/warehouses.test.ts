import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";

const script = fileURLToPath(new URL("./warehouses/main.ts", import.meta.url));
const report = z.array(z.object({ what: z.string(), value: z.number().nonnegative(), unit: z.string() }));

/** Small, for its shape only: it checks by itself that every variant did its work. */
test("the warehouses' benchmark prints its ratios", { timeout: 120_000 }, (context) => {
  if (!existsSync("/proc/self/stat")) context.skip("a server's CPU time is read from /proc, which only Linux has");
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [script, "--rows", "5000", "--tries", "1", "--times", "2", "--json"],
    {
      encoding: "utf8",
    },
  );
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const figures = report.parse(JSON.parse(stdout));
  const figure = (what: string): number => figures.find((each) => each.what === what)?.value ?? Number.NaN;
  for (const what of [
    "plan against the join",
    "loading against the bare COPY",
    "reading the plan",
    "delivering 5,000 rows",
    "settling with an id for every row",
    "delivering 10,000 rows",
  ]) {
    expect(figure(what), what).toBeGreaterThan(0);
  }
  expect(figures.filter(({ unit }) => unit === "MB").every(({ value }) => value > 30 && value < 1_000)).toBe(true);
});
