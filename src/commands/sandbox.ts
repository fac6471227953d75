import { systemClock } from "../core/clock.ts";
import { ConfigError } from "../core/errors.ts";
import type { VerbAction } from "./run-verb.ts";

/** `sandbox`: stand-ins for the platforms, until Ctrl-C. `run --sandbox` finds it on its usual port. */
export const sandbox =
  (options: { readonly port: string; readonly data?: string }): VerbAction =>
  async ({ out, signal }) => {
    const port = Number(options.port);
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new ConfigError(`--port ${options.port} is no port`, { hint: "A number from 0 (any free one) to 65535." });
    }
    const { startSandbox } = await import("../sandbox/sandbox.ts");
    const started = await startSandbox({
      port,
      host: "127.0.0.1",
      clock: systemClock,
      ...(options.data !== undefined && { dataDir: options.data }),
    });
    out.print(`sandbox: ${started.url} (${started.platforms.join(", ")}); what it holds: ${started.url}/`);
    if (port !== 4800) out.print(`  MILLRACE_SANDBOX_URL=${started.url} millrace run --sandbox`);
    out.emit({ url: started.url, port: started.port });
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await started.close();
    return 0;
  };
