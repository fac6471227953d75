import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readDbtModels } from "../config/dbt-files.ts";
import { error, type Fault, warning } from "../config/fault.ts";
import { filesBelow } from "../config/files.ts";
import type { Project } from "../config/project.ts";
import type { DbtConfig } from "../config/project-parts.ts";
import { daysOf } from "../config/span.ts";
import { type CompiledFile, compiledFolder, compiledText, isCompiled } from "../core/compiled.ts";
import { ConfigError } from "../core/errors.ts";
import { compileIdentity } from "../identity/compile.ts";
import { compileSegments } from "../segments/compile-segments.ts";
import { compileTraits } from "../traits/compile-traits.ts";
import { withIdentifiers } from "./with-identifiers.ts";

/** Declarations of one kind as SQL and YAML for dbt: pure, from validated files. */
export type Compiler = (project: Project) => readonly CompiledFile[];

/** Everything a project declares that becomes dbt models, one line each. */
const compilers: readonly Compiler[] = [
  ({ identity }) => compileIdentity(identity),
  (project) => compileTraits(declarationsOf(project)),
  (project) => compileSegments(declarationsOf(project), daysOf),
];

const declarationsOf = (project: Project) => withIdentifiers(project.declared(), project.identity).declarations;

/** What differs between the declarations and what stands in the dbt project. */
export interface Difference {
  /** Missing, or with another text. */
  readonly stale: readonly CompiledFile[];
  /** Compiled once, and declared no more; below the dbt project, with `/`. */
  readonly left: readonly string[];
}

export function compileAll(project: Project): readonly CompiledFile[] {
  return compilers.flatMap((compile) => compile(project));
}

export async function differences(dbtDir: string, files: readonly CompiledFile[]): Promise<Difference> {
  const stale: CompiledFile[] = [];
  for (const file of files) {
    if ((await read(pathOf(dbtDir, file))) !== compiledText(file)) stale.push(file);
  }
  const wanted = new Set(files.map((file) => `${compiledFolder}/${file.path}`));
  const left: string[] = [];
  for (const path of filesBelow(dbtDir, compiledFolder, [".sql", ".yml"])) {
    if (!wanted.has(path) && isCompiled((await read(join(dbtDir, path))) ?? "")) left.push(path);
  }
  return { stale, left };
}

/** Makes the folder hold what is declared. Throws ConfigError rather than write over a file that a person made. */
export async function writeCompiled(dbtDir: string, { stale, left }: Difference): Promise<void> {
  for (const file of stale) {
    const path = pathOf(dbtDir, file);
    const there = await read(path);
    if (there !== null && !isCompiled(there)) {
      throw new ConfigError(
        `${compiledFolder}/${file.path} was not made by compile, and ${file.from} would replace it`,
        {
          hint: "Move that file out of the folder, or give what you declared another name.",
        },
      );
    }
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, compiledText(file));
  }
  for (const path of left) await rm(join(dbtDir, path));
}

/** For `check`: an error per declaration whose SQL is not what would be compiled now, a warning per compiled model whose name is taken. */
export async function compiledFaults(project: Project): Promise<Fault[]> {
  const dbt = project.resolveDbt();
  const files = compileAll(project);
  if (dbt?.kind !== "project") {
    const mend = "compiled models need `dbt: {project: DIR}` in millrace.yml";
    return files.slice(0, 1).map(({ from }) => error(top(from), "there is no dbt project to compile this into", mend));
  }
  const { stale, left } = await differences(dbt.dir, files);
  const mend = "run `millrace compile`, and commit what it writes";
  return [
    ...stale.map(({ from, path }) => error(top(from), `${compiledFolder}/${path} is stale`, mend)),
    ...left.map((path) => error(top(path), "nothing declares this compiled model any more", mend)),
    ...takenNames(project, dbt, files),
  ];
}

/** Models by hand that have the name of a compiled one. Segments' names are the user's: theirs are told where they stand. */
function takenNames(project: Project, dbt: DbtConfig, files: readonly CompiledFile[]): Fault[] {
  const segments = new Set(project.declared().declarations.segments.map(({ name }) => name));
  const { modelFiles } = readDbtModels(dbt);
  const byHand = new Map(
    modelFiles.filter((path) => !path.startsWith(`${compiledFolder}/`)).map((path) => [modelOf(path), path]),
  );
  return files.flatMap(({ path, from }) => {
    const name = modelOf(path);
    const own = path.endsWith(".sql") && !segments.has(name) ? byHand.get(name) : undefined;
    if (own === undefined) return [];
    const message = `${own} has the name of a model that this compiles to, and dbt refuses two`;
    return [warning(top(from), message, "give the model another name")];
  });
}

const modelOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1).replace(/\.sql$/, "");
const top = (file: string) => ({ file, line: 1, column: 1 });
const pathOf = (dbtDir: string, file: CompiledFile): string => join(dbtDir, compiledFolder, file.path);
const read = (path: string): Promise<string | null> => readFile(path, "utf8").catch(() => null);
