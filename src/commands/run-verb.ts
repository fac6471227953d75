import type { ExitCode } from "../core/exit.ts";
import type { App, GlobalOptions } from "./app.ts";
import { createOutput, type Output } from "./output.ts";

/** What a verb gets: a way to open the project, if it needs one at all. */
export interface VerbContext {
  readonly options: GlobalOptions;
  readonly out: Output;
  readonly signal: AbortSignal;
  /** `over`: options that differ from the command line's. */
  open(over?: Partial<GlobalOptions>): Promise<App>;
}

export type VerbAction = (context: VerbContext) => Promise<ExitCode>;

/**
 * Runs one verb: signals, errors, exit codes. Errors go to stderr as `CODE: message` with the mend below; with `--json`
 * they are the document on stdout, too. A second Ctrl-C ends the process at once.
 */
export async function runVerb(
  options: GlobalOptions,
  openApp: (options: GlobalOptions, out: Output, signal: AbortSignal) => Promise<App>,
  load: () => Promise<VerbAction>,
): Promise<ExitCode> {
  const out = createOutput(process, { json: options.json === true, noColor: await noColor() });
  const stop = new AbortController();
  const { Interrupted } = await import("../core/errors.ts");
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    signals += 1;
    if (signals > 1) process.exit(130);
    const hint = "`millrace resume` finishes what was begun.";
    stop.abort(new Interrupted("stopped by a signal", { hint, context: { signal } }));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  const opened: App[] = [];
  try {
    const action = await load();
    return await action({
      options,
      out,
      signal: stop.signal,
      open: async (over = {}) => {
        const app = await openApp({ ...options, ...over }, out, stop.signal);
        opened.push(app);
        return app;
      },
    });
  } catch (error) {
    return report(error, stop.signal.aborted, out);
  } finally {
    for (const app of opened) await app.close().catch(() => undefined);
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

async function noColor(): Promise<boolean> {
  return (await import("../config/env.ts")).noColor();
}

function report(error: unknown, aborted: boolean, out: Output): ExitCode {
  const known = error instanceof Error && "hint" in error && "code" in error && "exitCode" in error;
  const code = known ? String(error.code) : "UNEXPECTED";
  const message = error instanceof Error ? error.message : String(error);
  const hint = known ? String(error.hint) : "This is a defect of Millrace; please report it.";
  const interrupted = aborted && (!known || error.code === "INTERRUPTED");
  const exitCode: ExitCode = interrupted ? 130 : known && isExit(error.exitCode) ? error.exitCode : 1;
  if (interrupted) {
    out.note("interrupted; `millrace resume` finishes what was begun");
  } else {
    out.note(`${code}: ${message}`);
    if (hint !== "") out.note(`  ${hint}`);
    if (!known && error instanceof Error && error.stack !== undefined) out.note(error.stack);
  }
  out.emit({ error: { code: interrupted ? "INTERRUPTED" : code, message, hint }, exit_code: exitCode });
  return exitCode;
}

const isExit = (code: unknown): code is 1 | 2 | 4 => code === 1 || code === 2 || code === 4;
