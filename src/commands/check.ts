import type { ExitCode } from "../core/exit.ts";
import type { VerbAction } from "./run-verb.ts";

/** `check`: every fault of every file at once, without a connection; `--connect` also tries warehouse and accounts. */
export const check =
  (options: { readonly connect?: boolean }): VerbAction =>
  async (context) => {
    const { out } = context;
    const { checkProject } = await import("../config/check.ts");
    const { faultsJson, hasErrors, renderFaults } = await import("../config/fault.ts");
    const { projectConnectors } = await import("./project-connectors.ts");
    const { compiledFaults } = await import("./compiled.ts");
    const dir = context.options.project ?? ".";
    const checked = checkProject({ dir, env: context.options.env, connectors: await projectConnectors(dir) });
    const { project } = checked;
    // What declarations compile to can be told only if they are sound.
    const compiled = project === undefined || hasErrors(checked.faults) ? [] : await compiledFaults(project);
    const faults = [...checked.faults, ...compiled];
    if (faults.length > 0) out.print(renderFaults(faults, { color: out.color }));
    const broken = hasErrors(faults);
    const connections = options.connect && !broken ? await (await import("./check-connect.ts")).connect(context) : [];
    const exit: ExitCode = broken ? 2 : connections.some((tried) => !tried.ok) ? 1 : 0;
    if (!broken)
      out.print(
        `${project?.name ?? "project"}: ${counted(project?.syncs.length ?? 0, "sync")}, ${faults.length === 0 ? "no faults" : counted(faults.length, "warning")}`,
      );
    out.emit({ ...faultsJson(faults), connections, exit_code: exit });
    return exit;
  };

const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
