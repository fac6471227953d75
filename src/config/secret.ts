import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { ConfigError } from "../core/errors.ts";
import type { Place } from "./fault.ts";

/** A secret kept elsewhere: `{file: ./key.pem}` or `{command: [pass, show, salesforce]}`. Paths are relative to the project. */
export type SecretRef =
  | { readonly kind: "file"; readonly file: string }
  | { readonly kind: "command"; readonly command: readonly [string, ...string[]] };

/** A helper that waits for a person, or hangs, must not hang a run. */
const commandTimeoutMs = 60_000;
const maxSecretBytes = 1024 * 1024;

/** Is this value a reference to a secret? Only mappings of exactly one key `file` or `command` are. */
export function asSecretRef(value: unknown): SecretRef | undefined {
  if (typeof value !== "object" || value === null || Object.keys(value).length !== 1) return undefined;
  if ("file" in value && typeof value.file === "string") return { kind: "file", file: value.file };
  if (!("command" in value) || !Array.isArray(value.command)) return undefined;
  const words = value.command.filter((word): word is string => typeof word === "string");
  const [program, ...rest] = words;
  if (program === undefined || words.length !== value.command.length) return undefined;
  return { kind: "command", command: [program, ...rest] };
}

/**
 * Reads the file or runs the command, without a shell, and takes its standard output; line breaks at the end are cut off.
 * Throws ConfigError that names the place in the YAML and never what was read.
 */
export async function readSecret(ref: SecretRef, projectDir: string, place: Place): Promise<string> {
  const text =
    ref.kind === "file"
      ? await fromFile(ref.file, projectDir, place)
      : await fromCommand(ref.command, projectDir, place);
  const secret = text.replace(/[\r\n]+$/, "");
  if (secret !== "") return secret;
  throw secretError(
    place,
    ref.kind === "file" ? `the secret's file ${ref.file} is empty` : `${ref.command[0]} printed nothing`,
  );
}

async function fromFile(file: string, projectDir: string, place: Place): Promise<string> {
  try {
    return await readFile(resolve(projectDir, file), "utf8");
  } catch (cause) {
    throw secretError(place, `the secret's file ${file} cannot be read`, cause);
  }
}

async function fromCommand(command: readonly [string, ...string[]], cwd: string, place: Place): Promise<string> {
  const [program, ...words] = command;
  try {
    const run = promisify(execFile)(program, words, { cwd, timeout: commandTimeoutMs, maxBuffer: maxSecretBytes });
    // A helper that asks on standard input gets an end of file instead of hanging.
    run.child.stdin?.end();
    return (await run).stdout;
  } catch (cause) {
    // The cause would carry the command's output and arguments, which may be secret: it is left out.
    throw secretError(place, `the secret's command ${program} ${failure(cause)}`);
  }
}

function failure(cause: unknown): string {
  if (typeof cause !== "object" || cause === null) return "failed";
  if ("code" in cause && cause.code === "ENOENT") return "is not installed here";
  if ("killed" in cause && cause.killed === true) return `did not end within ${commandTimeoutMs / 1000} s`;
  return "code" in cause ? `failed (exit ${String(cause.code)})` : "failed";
}

function secretError({ file, line }: Place, message: string, cause?: unknown): ConfigError {
  return new ConfigError(`${file}:${line}: ${message}`, {
    hint: "try the file or command by hand, as the user that runs millrace",
    cause,
  });
}
