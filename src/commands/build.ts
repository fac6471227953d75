import { ConfigError } from "../core/errors.ts";
import { approveHeld } from "../identity/brake.ts";
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
    const { held } = outcome;
    for (const [sync, blocked] of outcome.blocked) {
      app.out.print(`${sync} ${blocked.held === null ? `is blocked: ${blocked.why}` : "waits for identity"}`);
    }
    if (held !== null) {
      app.out.print(
        `${held.why}; nothing was published\n  look: millrace identity diff${app.flags}\n  approve: ${approveHeld(held, app.flags)}`,
      );
    }
    app.out.print(`${outcome.nodes} nodes built, ${outcome.failed} failed (${outcome.seconds.toFixed(1)} s)`);
    const exit = outcome.failed > 0 ? 1 : held === null ? 0 : 4;
    app.out.emit({
      nodes: outcome.nodes,
      failed: outcome.failed,
      seconds: outcome.seconds,
      blocked: Object.fromEntries([...outcome.blocked].map(([sync, { why }]) => [sync, why])),
      held,
      exit_code: exit,
    });
    return exit;
  };
