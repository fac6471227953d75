import { ConfigError } from "../core/errors.ts";
import { chooseSyncs } from "./pipeline/prepare.ts";
import type { VerbAction } from "./run-verb.ts";

/** `build [SYNC…]`: dbt deps, seed, run and test in the warehouse. Without names: every model of the project. */
export const build =
  (names: readonly string[]): VerbAction =>
  async ({ open }) => {
    const app = await open();
    if (app.models === null) {
      throw new ConfigError("there is no dbt project to build", {
        hint: "Name one in millrace.yml: `dbt: {project: ./sql}`; with `artifacts:` somebody else runs dbt.",
      });
    }
    const outcome = await app.models.build(names.length === 0 ? [] : chooseSyncs(app, names));
    for (const [sync, why] of outcome.blocked) app.out.print(`${sync} is blocked: ${why}`);
    app.out.print(`${outcome.nodes} nodes built, ${outcome.failed} failed (${outcome.seconds.toFixed(1)} s)`);
    const exit = outcome.failed > 0 ? 1 : 0;
    app.out.emit({
      nodes: outcome.nodes,
      failed: outcome.failed,
      seconds: outcome.seconds,
      blocked: Object.fromEntries(outcome.blocked),
      exit_code: exit,
    });
    return exit;
  };
