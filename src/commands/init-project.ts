import { cpSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { writeSchemas } from "../config/json-schema.ts";
import { ConfigError } from "../core/errors.ts";
import { dbtPackageDir } from "../models/package-root.ts";
import { packageFolder, projectFiles, schemaFolder } from "./init-templates.ts";
import type { warehouseTemplates } from "./init-warehouses.ts";

export type InitWarehouse = keyof typeof warehouseTemplates;

/** What of Millrace's dbt package a project needs; the rest is the demo and what dbt leaves behind. */
const packageParts = ["dbt_project.yml", "macros", "models", "tests"];

/**
 * Makes a new project that runs at once (on a server: once its variables are set): one model, one segment, one sync to a CSV file.
 * Returns the files written, relative to the folder. Throws ConfigError if anything but `.git` is in the folder.
 */
export function initProject(dir: string, { warehouse }: { readonly warehouse: InitWarehouse }): string[] {
  const root = resolve(dir);
  requireEmpty(root, dir);
  const name = projectName(basename(root));
  const files = projectFiles(name, dbtName(name), warehouse);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const schemas = writeSchemas(join(root, schemaFolder));
  for (const part of packageParts) {
    const from = join(dbtPackageDir(), part);
    if (existsSync(from)) cpSync(from, join(root, packageFolder, part), { recursive: true });
  }
  return [...Object.keys(files), ...schemas.map((file) => `${schemaFolder}/${file}`), `${packageFolder}/`];
}

function requireEmpty(root: string, dir: string): void {
  const stats = statSync(root, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isDirectory()) throw new ConfigError(`${dir} is a file`, { hint: "name a new folder" });
  if (readdirSync(root).every((entry) => entry === ".git")) return;
  throw new ConfigError(`the folder ${dir} is not empty`, { hint: "name a new folder: `millrace init my-project`" });
}

/** The folder's name as a project may be called: "My Shop" becomes my-shop. */
function projectName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "")
    .slice(0, 80);
  return name === "" ? "project" : name;
}

/** dbt's names have no `-`; "millrace" is the name of the package that the project uses. */
function dbtName(name: string): string {
  const plain = name.replaceAll("-", "_");
  return plain === "millrace" ? "millrace_project" : plain;
}
