import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ContractError } from "../core/errors.ts";

/** Millrace's own folder, in a clone as in an installed package: it holds requirements.txt and the dbt package `sql/`. */
export function packageRoot(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(dir, "requirements.txt"))) {
    const parent = dirname(dir);
    if (parent === dir) {
      throw new ContractError("requirements.txt is missing from Millrace's package", {
        hint: "install Millrace again",
      });
    }
    dir = parent;
  }
  return dir;
}

/** The folder of the dbt package with Millrace's macros. */
export const dbtPackageDir = (): string => join(packageRoot(), "sql");
