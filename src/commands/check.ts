import type { ExitCode } from "../core/exit.ts";
import type { VerbAction, VerbContext } from "./run-verb.ts";

/** `check`: every fault of every file at once, without a connection; `--connect` also tries warehouse and accounts. */
export const check =
  (options: { readonly connect?: boolean }): VerbAction =>
  async (context) => {
    const { out } = context;
    const { checkProject } = await import("../config/check.ts");
    const { faultsJson, hasErrors, renderFaults } = await import("../config/fault.ts");
    const { projectConnectors } = await import("./project-connectors.ts");
    const { staleFaults } = await import("./compiled.ts");
    const dir = context.options.project ?? ".";
    const checked = checkProject({ dir, env: context.options.env, connectors: await projectConnectors(dir) });
    const { project } = checked;
    // What is stale can be told only of declarations that are sound.
    const stale = project === undefined || hasErrors(checked.faults) ? [] : await staleFaults(project);
    const faults = [...checked.faults, ...stale];
    if (faults.length > 0) out.print(renderFaults(faults, { color: out.color }));
    const broken = hasErrors(faults);
    const connections = options.connect && !broken ? await connect(context) : [];
    const exit: ExitCode = broken ? 2 : connections.some((tried) => !tried.ok) ? 1 : 0;
    if (!broken)
      out.print(
        `${project?.name ?? "project"}: ${counted(project?.syncs.length ?? 0, "sync")}, ${faults.length === 0 ? "no faults" : counted(faults.length, "warning")}`,
      );
    out.emit({ ...faultsJson(faults), connections, exit_code: exit });
    return exit;
  };

const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;

interface Tried {
  readonly what: string;
  readonly ok: boolean;
  readonly code?: string;
  readonly message?: string;
}

/** Tries the warehouse and every account that a sync uses. Writes nothing. */
async function connect(context: VerbContext): Promise<Tried[]> {
  const { out } = context;
  const app = await context.open();
  const warehouse = async (): Promise<void> =>
    (await app.warehouse()).session("read", async () => undefined, app.signal);
  const accounts = [...new Set(app.syncs.map((sync) => sync.to.account))];
  const probes = [
    { what: "warehouse", probe: warehouse },
    ...accounts.map((name) => ({
      what: `account ${name}`,
      probe: async () => {
        const account = await app.account(name);
        await account.connector.check(account.ctx({ signal: app.signal }));
      },
    })),
  ];
  const tried: Tried[] = [];
  for (const { what, probe } of probes) {
    const result = await probe().then(
      (): Tried => ({ what, ok: true }),
      (error: unknown): Tried => ({
        what,
        ok: false,
        code: error instanceof Error && "code" in error ? String(error.code) : "UNEXPECTED",
        message:
          error instanceof Error ? `${error.message}${"hint" in error ? ` ${String(error.hint)}` : ""}` : String(error),
      }),
    );
    out.print(result.ok ? `${what}: ok` : `${what}: ${result.code}: ${result.message}`);
    tried.push(result);
  }
  return tried;
}
