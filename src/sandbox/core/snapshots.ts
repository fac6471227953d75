import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { Platform } from "./platform.ts";

const FILE = "state.json";
const fileSchema = z.object({ version: z.literal(1), platforms: z.record(z.string(), z.unknown()) });

/** Writes all platforms' state beside the log; the rename makes it whole or absent. */
export function saveSnapshots(dir: string, platforms: readonly Platform[]): void {
  mkdirSync(dir, { recursive: true });
  const state = {
    version: 1,
    platforms: Object.fromEntries(platforms.map((platform) => [platform.name, platform.snapshot()])),
  };
  const draft = join(dir, `${FILE}.new`);
  writeFileSync(draft, JSON.stringify(state));
  renameSync(draft, join(dir, FILE));
}

/** Restores what an earlier sandbox saved there. Throws ConfigError when the file is not a snapshot. */
export function loadSnapshots(dir: string, platforms: readonly Platform[]): void {
  const file = join(dir, FILE);
  if (!existsSync(file)) return;
  try {
    const saved = fileSchema.parse(JSON.parse(readFileSync(file, "utf8")));
    for (const platform of platforms) {
      const snapshot = saved.platforms[platform.name];
      if (snapshot !== undefined) platform.restore(snapshot);
    }
  } catch (cause) {
    throw new ConfigError(`${file} is not a state this sandbox can read`, {
      hint: "Remove the file to begin with an empty sandbox, or give another data folder.",
      cause,
    });
  }
}
