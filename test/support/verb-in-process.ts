import { PassThrough } from "node:stream";
import type { App, GlobalOptions } from "../../src/commands/app.ts";
import { createOutput } from "../../src/commands/output.ts";
import type { VerbAction, VerbContext } from "../../src/commands/run-verb.ts";
import { openApp } from "../../src/main.ts";
import type { Loose } from "../e2e/cli.ts";

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What `--json` printed. */
  readonly json: Loose;
}

/** A verb with `--json` in this process, as `runVerb` does it but for signals: a tenth of what a process of its own costs. */
export async function verbInProcess(
  dir: string,
  verb: VerbAction,
  adapt: (app: App) => App = (app) => app,
  over: Partial<GlobalOptions> = {},
): Promise<Ran> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const out = createOutput({ stdout, stderr }, { json: true, noColor: true });
  const { signal } = new AbortController();
  const options: GlobalOptions = { project: dir, ...over };
  const apps: App[] = [];
  const context: VerbContext = {
    options,
    out,
    signal,
    open: async () => {
      const app = await openApp(options, out, signal);
      apps.push(app);
      return adapt(app);
    },
  };
  let exit: number;
  try {
    exit = await verb(context);
  } catch (error) {
    exit = error instanceof Error && "exitCode" in error ? Number(error.exitCode) : 1;
    const code = error instanceof Error && "code" in error ? String(error.code) : "UNEXPECTED";
    const hint = error instanceof Error && "hint" in error ? String(error.hint) : "";
    out.emit({ error: { code, message: error instanceof Error ? error.message : String(error), hint } });
  } finally {
    for (const app of apps) await app.close();
  }
  const text = String(stdout.read() ?? "");
  return {
    exit,
    stdout: text,
    stderr: String(stderr.read() ?? ""),
    json: text === "" ? null : (JSON.parse(text) as Loose),
  };
}
