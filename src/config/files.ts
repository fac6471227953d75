import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, posix, sep } from "node:path";
import { isMissing } from "./env.ts";
import { error, type Fault } from "./fault.ts";
import type { SourceMap } from "./source.ts";
import { readYaml } from "./yaml.ts";

export const projectFile = "millrace.yml";

/** The YAML files below a folder of the project, with `/`, in the order of their names; none if there is no such folder. */
export function yamlFiles(projectDir: string, folder: string): string[] {
  return filesBelow(projectDir, folder, [".yml", ".yaml"]);
}

/** Files below a folder by ending; hidden files and folders are left out. Paths are relative to `root`, with `/`. */
export function filesBelow(root: string, folder: string, endings: readonly string[]): string[] {
  const found: string[] = [];
  const visit = (relative: string) => {
    for (const entry of entriesOf(join(root, relative))) {
      if (entry.name.startsWith(".")) continue;
      const path = posix.join(relative.split(sep).join("/"), entry.name);
      if (entry.isDirectory()) visit(path);
      else if (endings.some((ending) => entry.name.endsWith(ending))) found.push(path);
    }
  };
  visit(folder);
  return found.sort();
}

function entriesOf(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw cause;
  }
}

export function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** A file of the project as a mapping with places; faults if it is none. */
export function readMapping(
  projectDir: string,
  file: string,
): { readonly root: SourceMap | undefined; readonly faults: readonly Fault[] } {
  const top = { file, line: 1, column: 1 };
  let text: string;
  try {
    text = readFileSync(join(projectDir, file), "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
    return { root: undefined, faults: [error(top, `the file cannot be read${code}`, "mend its permissions")] };
  }
  return asMapping(text, file);
}

/** The same of a text that stands for the file. */
export function asMapping(
  text: string,
  file: string,
): { readonly root: SourceMap | undefined; readonly faults: readonly Fault[] } {
  const { root, faults } = readYaml(text, file);
  if (root === undefined) return { root, faults };
  if (root.kind === "map") return { root, faults };
  return {
    root: undefined,
    faults: [...faults, error(root.place, "the file must hold keys and values", "write `key: value` lines")],
  };
}
