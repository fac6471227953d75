import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../core/errors.ts";
import type { VerbAction } from "./run-verb.ts";

/** Folders of declarations that become SQL; this version has no compiler for them yet, and says so rather than skip them. */
const declared = ["segments", "traits", "events"] as const;

/** `compile`: rules, traits and identity to reviewable SQL in the dbt project. */
export const compile =
  (): VerbAction =>
  async ({ open }) => {
    const app = await open();
    const found: string[] = [];
    for (const folder of declared) {
      const names = await readdir(join(app.dir, folder)).catch(() => []);
      found.push(...names.filter((name) => /\.ya?ml$/.test(name)).map((name) => `${folder}/${name}`));
    }
    if (found.length > 0) {
      throw new ConfigError(`${found.join(", ")}: this version compiles no rules`, {
        hint: "Write the segment as a dbt model; `segment: NAME` in a sync means the model of that name.",
      });
    }
    app.out.print("nothing to compile: the project declares no rules");
    app.out.emit({ compiled: [] });
    return 0;
  };
