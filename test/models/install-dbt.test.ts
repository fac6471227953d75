import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DbtFailed } from "../../src/core/errors.ts";
import { findDbt } from "../../src/models/find-dbt.ts";
import { installDbt } from "../../src/models/install-dbt.ts";
import { packageRoot } from "../../src/models/package-root.ts";
import { environment } from "./demo-project.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "millrace-venv-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const withSetup = join(packageRoot(), "scripts", "with-setup.mjs");

test("an environment that is current is not touched", async () => {
  await installDbt({ root: packageRoot(), env: environment() });
  const lines: string[] = [];
  const outcome = await installDbt({ root: packageRoot(), env: { PATH: "" }, onProgress: (line) => lines.push(line) });
  expect([outcome, lines]).toEqual(["current", []]);
});

test("an environment of the user's own is left alone", async () => {
  await mkdir(join(root, ".venv"));
  await writeFile(join(root, ".venv", "pyvenv.cfg"), "theirs");
  await expect(installDbt({ root, env: environment() })).rejects.toThrow(DbtFailed);
  expect(await readFile(join(root, ".venv", "pyvenv.cfg"), "utf8")).toBe("theirs");
});

test("without a Python the mend is named, and the lock of a dead installer does not matter", async () => {
  const dead = spawn(process.execPath, ["-e", ""]);
  await once(dead, "exit");
  await writeFile(join(root, ".venv.lock"), String(dead.pid));
  const failure = await installDbt({ root, env: { PATH: root } }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(DbtFailed);
  expect(failure).toHaveProperty("hint", expect.stringContaining("python3"));
});

test("a Python without venv is an error with the mend", async () => {
  const script = '#!/bin/sh\ncase "$1" in -c) echo 3.11;; *) echo "ensurepip is not available" >&2; exit 1;; esac\n';
  await writeFile(join(root, "python3"), script);
  await chmod(join(root, "python3"), 0o755);
  const failure = await installDbt({ root, env: { PATH: `${root}:/usr/bin:/bin` } }).catch((error: unknown) => error);
  expect(failure).toHaveProperty("message", expect.stringContaining("ensurepip is not available"));
  expect(failure).toHaveProperty("hint", expect.stringContaining("python3-venv"));
});

test("dbt of the project comes before that of Millrace, and another version than 1.11 is refused", async () => {
  const bin = join(root, ".venv", "bin");
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, "dbt"), "#!/bin/sh\necho 'Core:'\necho '  - installed: 1.9.4'\n");
  await chmod(join(bin, "dbt"), 0o755);
  await expect(findDbt({ projectDir: root, env: environment() })).rejects.toThrow(/dbt 1\.9\.4; Millrace needs 1\.11/);
});

test("dbt is found beside Millrace, on a path that is named, and behind a link", async () => {
  await installDbt({ root: packageRoot(), env: environment() });
  const found = await findDbt({ projectDir: root, env: {} });
  expect(found).toMatchObject({
    path: join(packageRoot(), ".venv", "bin", "dbt"),
    version: expect.stringMatching(/^1\.11\./),
  });
  await symlink(found.path, join(root, "my-dbt"));
  const explicit = await findDbt({ explicit: join(root, "my-dbt"), projectDir: root, env: {} });
  expect(explicit).toMatchObject({ path: join(root, "my-dbt"), version: found.version, python: found.python });
  await expect(findDbt({ explicit: join(root, "none"), projectDir: root, env: {} })).rejects.toThrow(/MILLRACE_DBT/);
});

test("with-setup passes arguments, Node 24 and the exit code", () => {
  const program = "console.log(process.argv[1], process.versions.node.split('.')[0]); process.exitCode = 4";
  const run = spawnSync("node", [withSetup, "-e", program, "argument"], { encoding: "utf8" });
  expect([run.stdout, run.status]).toEqual(["argument 24\n", 4]);
});

test("with-setup passes signals on and tells of a death by one", async () => {
  const program = "setInterval(() => {}, 1000); console.log('up')";
  const child = spawn("node", [withSetup, "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([143, null]);
});
