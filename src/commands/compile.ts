import { openProject } from "../config/check.ts";
import { faultsError, hasErrors } from "../config/fault.ts";
import { compiledFolder } from "../core/compiled.ts";
import { ConfigError } from "../core/errors.ts";
import { compileAll, differences, writeCompiled } from "./compiled.ts";
import { projectConnectors } from "./project-connectors.ts";
import type { VerbAction } from "./run-verb.ts";

/** `compile`: rules, traits and identity to reviewable SQL in the dbt project. Connects to nothing. */
export const compile =
  (): VerbAction =>
  async ({ options, out }) => {
    const dir = options.project ?? ".";
    const project = openProject({ dir, env: options.env, connectors: await projectConnectors(dir) });
    const { faults } = project.declared();
    if (hasErrors(faults)) throw faultsError(faults);
    const files = compileAll(project);
    const dbt = project.resolveDbt();
    if (dbt?.kind !== "project") {
      if (files.length === 0) return done([], [], 0);
      throw new ConfigError("there is no dbt project to compile into", {
        hint: "Name it in millrace.yml: `dbt: {project: DIR}`.",
      });
    }
    const difference = await differences(dbt.dir, files);
    await writeCompiled(dbt.dir, difference);
    return done(
      difference.stale.map(({ path }) => `${compiledFolder}/${path}`),
      difference.left,
      files.length,
    );

    function done(written: readonly string[], removed: readonly string[], all: number): 0 {
      for (const path of written) out.print(`wrote ${path}`);
      for (const path of removed) out.print(`removed ${path}`);
      if (all === 0) out.print("nothing to compile: the project declares no rules");
      else if (written.length + removed.length === 0) out.print(`${all} compiled files, all up to date`);
      out.emit({ compiled: all, written, removed });
      return 0;
    }
  };
