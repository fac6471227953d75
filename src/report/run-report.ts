import type { ExitCode } from "../core/exit.ts";
import type { RunCounts, RunStatus } from "../core/run.ts";
import { bold, green, type Paint, red, yellow } from "./paint.ts";
import { duration, type PlanReport } from "./plan-report.ts";

/** What `run` tells of one sync; the `--json` document's shape, too. */
export interface RunReport {
  readonly run_id: string | null;
  readonly sync: string;
  readonly status: RunStatus;
  readonly exit_code: ExitCode;
  readonly destination: string | null;
  readonly counts: (PlanReport["counts"] & Omit<RunCounts, "planned">) | null;
  readonly held_for: readonly string[];
  readonly mapping_changes: readonly string[];
  readonly refusals: PlanReport["refusals"];
  readonly error: { readonly code: string; readonly message: string; readonly hint: string } | null;
  readonly seconds: number;
  readonly approve: string | null;
}

/**
 * A few lines for people; what needs a hand comes with the command that shows more.
 * @param flags ` --sandbox` or ` --env NAME`, for the commands it suggests
 */
export function runText(report: RunReport, paint: Paint, flags: string): string {
  const lines = [
    `${bold(paint, report.sync)}${report.destination === null ? "" : ` → ${report.destination}`}: ${statusText(report, paint)}`,
  ];
  const { counts } = report;
  if (counts !== null) {
    const { planned, delivered, accepted, rejected, retry, unknown } = counts;
    lines.push(
      `  ${counts.model_rows} rows in the model: ${counts.unchanged} unchanged, ${counts.added} added, ${counts.updated} updated, ${counts.removed} removed` +
        (counts.refused > 0 ? `, ${counts.refused} refused` : "") +
        (counts.suppressed > 0 ? `, ${counts.suppressed} waiting` : ""),
    );
    if (planned > 0 && report.status !== "held") {
      const fates = { delivered, accepted, rejected, retry, unknown };
      const told = Object.entries(fates).filter(([name, n]) => n > 0 || name === "delivered");
      lines.push(
        `  ${planned} sent: ${told.map(([name, n]) => `${n} ${name}`).join(", ")} (${duration(report.seconds)})`,
      );
    }
    if (unknown > 0)
      lines.push(
        `  ${unknown} rows were sent and never answered: millrace resolve ${report.run_id} --delivered | --resend | --drop${flags}`,
      );
    if (rejected + counts.refused > 0) lines.push(`  why: millrace rejects ${report.sync}${flags}`);
  }
  for (const { code, message, rows } of report.refusals)
    lines.push(yellow(paint, `  ${rows} refused, ${code}: ${message}`));
  for (const reason of report.status === "held" ? report.held_for : []) lines.push(red(paint, `  held: ${reason}`));
  if (report.approve !== null) lines.push(`  approve: ${report.approve}`);
  if (report.error !== null)
    lines.push(red(paint, `  ${report.error.code}: ${report.error.message}`), `  ${report.error.hint}`);
  return lines.join("\n");
}

function statusText(report: RunReport, paint: Paint): string {
  if (report.status === "held") return red(paint, "held for approval");
  if (report.status !== "done") return red(paint, report.status);
  if (report.exit_code !== 0) return yellow(paint, "done, and some rows need a hand");
  return green(paint, (report.counts?.planned ?? 0) === 0 ? "nothing to send" : "done");
}
