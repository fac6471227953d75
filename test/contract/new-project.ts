import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { InitWarehouse } from "../../src/commands/init-project.ts";
import { type CliOptions, jsonOf, runCli } from "../e2e/cli.ts";

export interface NewProject {
  /** An existing folder, in which the project's own is made. */
  readonly parent: string;
  readonly warehouse: InitWarehouse;
  /** What somebody writes over the values of .env.example; names that are not there throw. */
  readonly values: Readonly<Record<string, string>>;
  /** What only a test needs: the dbt to use, where a stand-in is. */
  readonly env: Readonly<Record<string, string>>;
  /** A line of the new millrace.yml that stands there as a comment, and is meant here. */
  readonly uncomment?: string;
  /** What is asked besides once `check --connect` has answered, and nothing else has run. */
  readonly connected?: () => void;
}

/**
 * `millrace init` in an empty folder and .env filled in: `check --connect` with `dbt debug`, `build`, a first `plan`, then what
 * it planned is sent and nothing is left to do. Returns where, for what else a test asks of it.
 */
export async function expectNewProjectToWork({
  parent,
  warehouse,
  values,
  env,
  uncomment,
  connected: whenConnected,
}: NewProject): Promise<CliOptions & { readonly cwd: string }> {
  const cwd = join(parent, "shop");
  mkdirSync(cwd);
  const at = { cwd, env };
  await jsonOf(["init", ".", "--warehouse", warehouse], at);
  writeFileSync(join(cwd, ".env"), filledIn(readFileSync(join(cwd, ".env.example"), "utf8"), values), { mode: 0o600 });
  if (uncomment !== undefined) edit(join(cwd, "millrace.yml"), `# ${uncomment}`, uncomment);

  const connected = await jsonOf(["check", "--connect"], at);
  expect(connected.connections).toMatchObject([
    { what: "warehouse", ok: true },
    { what: "dbt", ok: true },
    { what: "account exports", ok: true },
  ]);
  whenConnected?.();
  const built = await runCli(["build"], at);
  expect(built.code, built.stdout + built.stderr).toBe(0);
  const planned = await jsonOf(["plan"], at);
  expect(planned.plans).toMatchObject([{ sync: "vips-to-file", counts: { added: 2, updated: 0, removed: 0 } }]);
  const ran = await jsonOf(["run", "--no-build"], at);
  expect(ran.runs).toMatchObject([{ sync: "vips-to-file", status: "done", counts: { delivered: 2 } }]);
  const file = readFileSync(join(cwd, "exports", "vips.csv"), "utf8");
  expect(
    file
      .trimEnd()
      .split("\n")
      .slice(1)
      .map((line) => line.split(",").slice(1).join(","))
      .toSorted(),
  ).toEqual(["ann@example.com,Ann Archer,1550.5", "cleo@example.com,Cleo Carter,1510.75"]);
  const again = await jsonOf(["run", "--no-build"], at);
  expect(again.runs).toMatchObject([{ status: "done", counts: { planned: 0 } }]);
  return at;
}

function filledIn(example: string, values: Readonly<Record<string, string>>): string {
  let text = example;
  for (const [name, value] of Object.entries(values)) {
    const line = new RegExp(`^${name}=.*$`, "m");
    if (!line.test(text)) throw new Error(`.env.example has no ${name}`);
    text = text.replace(line, () => `${name}=${value}`);
  }
  return text;
}

function edit(file: string, from: string, to: string): void {
  const text = readFileSync(file, "utf8");
  if (!text.includes(from)) throw new Error(`${file} has no line "${from}"`);
  writeFileSync(
    file,
    text.replace(from, () => to),
  );
}
