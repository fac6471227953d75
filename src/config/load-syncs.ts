import type { SyncConfig } from "../core/sync.ts";
import type { Env } from "./env.ts";
import type { Fault } from "./fault.ts";
import { readMapping, yamlFiles } from "./files.ts";
import { type Materialised, materialise, pick } from "./materialise.ts";
import { type Defaults, normaliseSync } from "./normalise.ts";
import { keyAt, type SourceMap } from "./source.ts";
import { syncRules } from "./sync-rules.ts";
import { syncSchema } from "./sync-schema.ts";
import { validate } from "./validate.ts";

/** One file of syncs/, as far as it could be read. */
export interface SyncSource {
  readonly file: string;
  readonly root: SourceMap;
  readonly made: Materialised;
  /** As written, where it is text; the sync itself may be faulty. */
  readonly name: string | undefined;
  /** undefined: the file has faults, or a value that stands on an unset variable cannot be judged. */
  readonly config: SyncConfig | undefined;
}

export function loadSyncs(
  projectDir: string,
  env: Env,
  defaults: Defaults,
): { readonly syncs: readonly SyncSource[]; readonly faults: readonly Fault[] } {
  const syncs: SyncSource[] = [];
  const faults: Fault[] = [];
  for (const file of yamlFiles(projectDir, "syncs")) {
    const { root, faults: unreadable } = readMapping(projectDir, file);
    faults.push(...unreadable);
    if (root === undefined) continue;
    const made = materialise(root, env, { secretRefs: "none" });
    const checked = validate(syncSchema, root, made, () => true);
    const own = [...checked.faults, ...syncRules(root)];
    faults.push(...own);
    const sound = checked.value !== undefined && own.length === 0;
    const name = pick(made.data, ["sync"]);
    syncs.push({
      file,
      root,
      made,
      name: typeof name === "string" ? name : undefined,
      config: sound ? normaliseSync(checked.value, defaults, keyAt(root, ["sync"])) : undefined,
    });
  }
  return { syncs, faults };
}
