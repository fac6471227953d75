import picocolors from "picocolors";
import { ConfigError } from "../core/errors.ts";

/** A spot in a project file. Lines and columns count from 1. `file` is relative to the project, with `/`. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong in the project's files, and what would be right. Holds no value of a secret. */
export interface Fault extends Place {
  readonly level: "error" | "warning";
  readonly message: string;
  /** What to do about it; "" where the message says it all. */
  readonly mend: string;
}

export const error = (place: Place, message: string, mend: string): Fault => fault("error", place, message, mend);
export const warning = (place: Place, message: string, mend: string): Fault => fault("warning", place, message, mend);

function fault(level: Fault["level"], { file, line, column }: Place, message: string, mend: string): Fault {
  return { file, line, column, level, message, mend };
}

export const hasErrors = (faults: readonly Fault[]): boolean => faults.some(({ level }) => level === "error");

/** In reading order, each once: the same fault can be met in the base project and again in every environment. */
export function inOrder(faults: readonly Fault[]): Fault[] {
  const once = new Map<string, Fault>();
  for (const each of faults) once.set(`${each.file}\n${each.line}\n${each.column}\n${each.message}`, each);
  return [...once.values()].sort(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}

/** One line per fault: `syncs/a.yml:7: unknown key "feilds" — did you mean "fields"?`. */
export function renderFaults(faults: readonly Fault[], options: { readonly color: boolean }): string {
  const paint = picocolors.createColors(options.color);
  return faults
    .map(({ file, line, level, message, mend }) => {
      const where = paint.bold(`${file}:${line}:`);
      const what = level === "error" ? paint.red(message) : `${paint.yellow("warning:")} ${message}`;
      return mend === "" ? `${where} ${what}` : `${where} ${what} — ${mend}`;
    })
    .join("\n");
}

/** The document `check --json` prints. */
export function faultsJson(faults: readonly Fault[]): {
  readonly errors: number;
  readonly warnings: number;
  readonly faults: readonly Fault[];
} {
  const errors = faults.filter(({ level }) => level === "error").length;
  return { errors, warnings: faults.length - errors, faults };
}

/** All errors of the files as one ConfigError (exit 2); warnings stay out of it. */
export function faultsError(faults: readonly Fault[]): ConfigError {
  const errors = faults.filter(({ level }) => level === "error");
  const count = errors.length === 1 ? "1 fault" : `${errors.length} faults`;
  return new ConfigError(`the project's files have ${count}:\n${renderFaults(errors, { color: false })}`, {
    hint: "mend them, then try `millrace check`",
  });
}
