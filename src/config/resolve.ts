import type { z } from "zod";
import { ConfigError, EnvMissing } from "../core/errors.ts";
import type { Env } from "./env.ts";
import { faultsError, hasErrors, type Place } from "./fault.ts";
import { materialise, put } from "./materialise.ts";
import { readSecret } from "./secret.ts";
import type { SourceNode } from "./source.ts";
import { validate } from "./validate.ts";

export interface Resolving {
  readonly dir: string;
  readonly env: Env;
  /** What every `{file}` and `{command}` becomes instead of being read. */
  readonly standIn?: string | undefined;
}

/**
 * The value of a part of millrace.yml, with variables filled in and secrets read.
 * `secrets` are the texts that `{file}` and `{command}` gave. Throws EnvMissing or ConfigError, both with file and line.
 */
export async function resolvePart<T>(
  node: SourceNode,
  schema: z.ZodType<T>,
  { dir, env, standIn }: Resolving,
): Promise<{ readonly value: T; readonly secrets: readonly string[] }> {
  const made = materialise(node, env, { secretRefs: "below-root" });
  requireEnv(made.missing);
  const secrets: string[] = [];
  for (const { ref, path, place } of made.secrets) {
    const secret = standIn ?? (await readSecret(ref, dir, place));
    put(made.data, path, secret);
    secrets.push(secret);
  }
  const { value, faults } = validate(schema, node, { ...made, secrets: [] }, () => false);
  if (value === undefined || hasErrors(faults)) throw faultsError(faults);
  return { value, secrets };
}

/** The same for parts without secrets. */
export function resolveNow<T>(node: SourceNode, schema: z.ZodType<T>, env: Env): T {
  const made = materialise(node, env, { secretRefs: "none" });
  requireEnv(made.missing);
  const { value, faults } = validate(schema, node, made, () => true);
  if (value === undefined || hasErrors(faults)) throw faultsError(faults);
  return value;
}

/** Throws EnvMissing that names every variable that is not set, and where it is needed. */
export function requireEnv(missing: readonly { readonly name: string; readonly place: Place }[]): void {
  const first = missing[0];
  if (first === undefined) return;
  const names = [...new Set(missing.map(({ name }) => name))];
  const what =
    names.length === 1
      ? `the environment variable ${names[0]} is`
      : `the environment variables ${names.join(", ")} are`;
  throw new EnvMissing(`${first.place.file}:${first.place.line}: ${what} not set`, {
    hint: "set it in the environment, or in .env beside millrace.yml",
    context: { names },
  });
}

export function noSuch(what: string, name: string, hint: string): ConfigError {
  return new ConfigError(`there is no ${what} "${name}"`, { hint });
}
