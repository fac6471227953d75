import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { ConfigError } from "../core/errors.ts";

/** Environment variables by name. A variable that is set to nothing counts as unset: that is how a missing CI secret looks. */
export interface Env {
  get(name: string): string | undefined;
}

export function envFrom(values: Readonly<Record<string, string | undefined>>): Env {
  return { get: (name) => (Object.hasOwn(values, name) ? values[name] || undefined : undefined) };
}

/**
 * The process's environment over the `.env` file beside millrace.yml, where there is one.
 * Throws ConfigError if that file cannot be read.
 */
export function readEnv(projectDir: string): Env {
  const ours = envFrom(process.env);
  const theirs = envFrom(readDotEnv(join(projectDir, ".env")));
  return { get: (name) => ours.get(name) ?? theirs.get(name) };
}

function readDotEnv(path: string): Readonly<Record<string, string | undefined>> {
  try {
    return parseEnv(readFileSync(path, "utf8"));
  } catch (cause) {
    if (isMissing(cause)) return {};
    throw new ConfigError(".env cannot be read", { hint: "mend its permissions, or remove it", cause });
  }
}

/** The whole environment, for programs we start (dbt): the process's own over the `.env` file's. */
export function childEnv(projectDir: string): Record<string, string> {
  const merged: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...readDotEnv(join(projectDir, ".env")), ...process.env })) {
    if (value !== undefined) merged[name] = value;
  }
  return merged;
}

/** Did the file system say that there is no such file? */
export function isMissing(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR");
}

/** NO_COLOR, set to anything, asks for plain text (https://no-color.org). */
export const noColor = (): boolean => Boolean(process.env.NO_COLOR);

/** Where `--sandbox` finds the sandbox; the port of `millrace sandbox` if nothing is set. */
export const sandboxUrl = (): string => process.env.MILLRACE_SANDBOX_URL || "http://127.0.0.1:4800";

/** The dbt to use, where it is neither in a virtual environment beside the project nor on the PATH. */
export const dbtPath = (): string | undefined => process.env.MILLRACE_DBT || undefined;
