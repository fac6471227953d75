import { ConfigError, RelationMissing } from "../core/errors.ts";
import type { ExitCode } from "../core/exit.ts";
import type { App } from "./app.ts";
import { approve } from "./identity/approve.ts";
import { merge, split } from "./identity/decide.ts";
import { diff } from "./identity/diff.ts";
import { explain } from "./identity/explain.ts";
import type { Given } from "./identity/identifier.ts";
import { pin, unpin } from "./identity/pin.ts";
import { report } from "./identity/report.ts";
import { train } from "./identity/train.ts";
import type { VerbAction } from "./run-verb.ts";

type Action = (app: App, given: Given, words: readonly (string | undefined)[]) => Promise<ExitCode>;

const actions: Readonly<Record<string, Action>> = { explain, report, diff, approve, merge, split, pin, unpin, train };

/** `identity ACTION [A] [B] [C]`: who is who and why, what the next run would change, and decisions of people. */
export const identity =
  (action: string, a: string | undefined, b: string | undefined, c: string | undefined, given: Given): VerbAction =>
  async ({ open }) => {
    const act = Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (act === undefined) {
      throw new ConfigError(`identity cannot "${action}"`, { hint: `It can: ${Object.keys(actions).join(", ")}.` });
    }
    const app = await open();
    if (app.identity === null)
      throw new ConfigError("the project has no identity.yml", {
        hint: "It declares sources and namespaces, then `millrace compile` and `millrace build` make the tables: docs/identity.md.",
      });
    try {
      return await act(app, given, [a, b, c]);
    } catch (error) {
      if (!(error instanceof RelationMissing)) throw error;
      throw new RelationMissing(error.message, {
        hint: "Identity was not built here yet: run `millrace compile`, then `millrace build`.",
        context: error.context,
        cause: error,
      });
    }
  };
