import type { Env } from "./env.ts";

export interface Interpolated {
  /** References that stay unset are left as they are written. */
  readonly text: string;
  /** Names that are unset and have no default. */
  readonly missing: readonly string[];
  /** Does the text hold any reference? */
  readonly references: boolean;
  /** A `${` that begins no reference, e.g. "${1X}". */
  readonly malformed: string | undefined;
}

// `$${` is an escaped `${`.
const reference = /\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}|([^}]{0,30}\}?))/g;

/** Replaces `${NAME}` and `${NAME:-default}`. */
export function interpolate(written: string, env: Env): Interpolated {
  if (!written.includes("${")) return { text: written, missing: [], references: false, malformed: undefined };
  const missing: string[] = [];
  let references = false;
  let malformed: string | undefined;
  const text = written.replace(reference, (all, name: string | undefined, hasDefault: string | undefined, fallback) => {
    if (all === "$${") return "${";
    if (name === undefined) {
      malformed ??= all;
      return all;
    }
    references = true;
    const value = env.get(name);
    if (value !== undefined) return value;
    if (hasDefault !== undefined) return fallback as string;
    missing.push(name);
    return all;
  });
  return { text, missing, references, malformed };
}
