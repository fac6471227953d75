import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { emulatorMissing, emulatorPath } from "./emulator.ts";

const run = promisify(execFile);

/** Builds the emulator into the cache folder where it is missing. Resolves to why it could not, or null. */
export async function buildEmulator(): Promise<string | null> {
  if (emulatorMissing() === null) return null;
  const version = await run("go", ["version"]).then(
    ({ stdout }) => stdout,
    () => null,
  );
  if (version === null) return "there is no Go";
  const folder = await mkdtemp(join(tmpdir(), "millrace-emulator-"));
  try {
    const here = import.meta.dirname;
    await copyFile(join(here, "emulator.go.mod"), join(folder, "go.mod"));
    await copyFile(join(here, "emulator.go.sum"), join(folder, "go.sum"));
    const target = emulatorPath();
    await mkdir(dirname(target), { recursive: true });
    const built = `${target}.${process.pid}`;
    await run(
      "nice",
      ["go", "build", "-ldflags", "-s -w", "-o", built, "github.com/goccy/bigquery-emulator/cmd/bigquery-emulator"],
      {
        cwd: folder,
        env: { ...process.env, CGO_ENABLED: "0" },
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    // Whole or not at all: two builds at once end with one of them.
    await rename(built, target);
    return null;
  } catch (cause) {
    return `go build failed: ${cause instanceof Error && "stderr" in cause ? String(cause.stderr).slice(-500) : String(cause)}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const trouble = await buildEmulator();
  console.log(trouble ?? emulatorPath());
  process.exitCode = trouble === null ? 0 : 1;
}
