import { join } from "node:path";
import { type Fault, warning } from "./fault.ts";
import { exists, readMapping, yamlFiles } from "./files.ts";

/** Files that belong to a project but that this version only reads for their syntax. */
export function laterFaults(projectDir: string): Fault[] {
  const faults: Fault[] = [];
  for (const file of yamlFiles(projectDir, "segments")) {
    const { root, faults: unreadable } = readMapping(projectDir, file);
    faults.push(...unreadable);
    if (root === undefined || !root.entries.has("where")) continue;
    const mend = "`segment:` in a sync reads the dbt model of that name";
    faults.push(warning(root.place, "rules are not compiled by this version", mend));
  }
  const identity = ["identity.yml"].filter((file) => exists(join(projectDir, file)));
  for (const file of [...yamlFiles(projectDir, "traits"), ...yamlFiles(projectDir, "events"), ...identity]) {
    const { root, faults: unreadable } = readMapping(projectDir, file);
    faults.push(...unreadable);
    if (root === undefined) continue;
    faults.push(warning(root.place, "this file is not compiled by this version", "dbt models do its work until then"));
  }
  return faults;
}
