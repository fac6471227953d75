import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const run = promisify(execFile);
const project = fileURLToPath(new URL("../..", import.meta.url));
const script = join(project, "scripts/new-connector.mjs");
let copy: string;

// A copy for every try: the script refuses a folder that is there.
beforeEach(async () => {
  copy = await mkdtemp(join(tmpdir(), "millrace-new-connector-"));
  for (const folder of ["src/core", "src/deliver", "src/destinations", "test/contract"]) {
    await cp(join(project, folder), join(copy, folder), { recursive: true });
  }
  await cp(join(project, "package.json"), join(copy, "package.json"));
  await writeFile(
    join(copy, "vitest.config.ts"),
    `export default { test: { include: ["test/destinations/**/*.test.ts"] } };\n`,
  );
  await symlink(join(project, "node_modules"), join(copy, "node_modules"));
});
afterEach(() => rm(copy, { recursive: true, force: true }));

describe("npm run new:connector", () => {
  test("makes a connector whose contract suite passes at once, and whose types hold", {
    timeout: 120_000,
  }, async () => {
    await run(process.execPath, [script, "acme-crm", "--root", copy]);
    const registry = await readFile(join(copy, "src/destinations/registry.ts"), "utf8");
    expect(registry).toMatch(
      /\n {2}"acme-crm": async \(\) => \(await import\("\.\/acme-crm\/index\.ts"\)\)\.acmeCrm,\n {2}[a-z"]/,
    );

    const vitest = join(project, "node_modules/vitest/vitest.mjs");
    const results = join(copy, "results.json");
    await run(process.execPath, [vitest, "run", "--reporter=json", `--outputFile=${results}`], { cwd: copy });
    const report = JSON.parse(await readFile(results, "utf8")) as { success: boolean; numPassedTests: number };
    expect(report.success).toBe(true);
    expect(report.numPassedTests).toBeGreaterThan(20);

    const config = JSON.parse(await readFile(join(project, "tsconfig.json"), "utf8")) as object;
    const include = ["src/destinations/acme-crm", "test/destinations/acme-crm"];
    await writeFile(join(copy, "tsconfig.json"), JSON.stringify({ ...config, include }));
    await run(process.execPath, [join(project, "node_modules/typescript/bin/tsc"), "-p", copy], { cwd: copy });
  });

  test("refuses a name that is taken or cannot be one", async () => {
    for (const name of ["file", "Bad_Name", ""]) {
      await expect(run(process.execPath, [script, name, "--root", copy])).rejects.toMatchObject({ code: 2 });
    }
  });
});
