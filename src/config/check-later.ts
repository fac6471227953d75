import { join } from "node:path";
import { type Fault, warning } from "./fault.ts";
import { exists, readMapping } from "./files.ts";

/** Files that belong to a project but that this version only reads for their syntax. */
export function laterFaults(projectDir: string): Fault[] {
  return ["identity.yml"]
    .filter((file) => exists(join(projectDir, file)))
    .flatMap((file) => {
      const { root, faults } = readMapping(projectDir, file);
      if (root === undefined) return faults;
      const mend = "dbt models do its work until then";
      return [...faults, warning(root.place, "this file is not compiled by this version", mend)];
    });
}
