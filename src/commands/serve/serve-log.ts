import type { Clock } from "../../core/clock.ts";
import type { RunRecord } from "../../core/run.ts";
import type { Schedule } from "../../core/sync.ts";
import type { HeldRun } from "../../identity/brake.ts";
import { duration } from "../../report/plan-report.ts";
import type { RunReport } from "../../report/run-report.ts";
import type { Output } from "../output.ts";

/** What happens while `serve` runs; with `--json` each is one line of NDJSON, with `at` before it. No values of people. */
export type ServeEvent =
  | {
      readonly event: "started";
      readonly project: string;
      readonly syncs: readonly { readonly sync: string; readonly schedule: string; readonly next_at: string | null }[];
    }
  | { readonly event: "waiting"; readonly for: string }
  | { readonly event: "resuming"; readonly sync: string }
  | { readonly event: "due"; readonly syncs: readonly string[]; readonly due_at: string }
  | {
      readonly event: "built";
      readonly models: number;
      readonly failed: number;
      readonly held: HeldRun | null;
      readonly seconds: number;
    }
  | { readonly event: "run"; readonly run: RunReport; readonly next_at: string | null }
  | { readonly event: "failed"; readonly syncs: readonly string[]; readonly error: NonNullable<RunRecord["error"]> }
  | { readonly event: "stopping"; readonly signal: string }
  | { readonly event: "stopped"; readonly to_resume: readonly string[] };

export type ServeLog = (event: ServeEvent) => void;

/** One line an event. */
export const createServeLog =
  (out: Output, clock: Clock): ServeLog =>
  (event) => {
    const at = clock.now().toISOString();
    out.event({ at, ...event });
    for (const line of linesOf(event)) out.print(`${at}  ${line}`);
  };

function linesOf(event: ServeEvent): string[] {
  switch (event.event) {
    case "started":
      return [
        `${event.project}: serving ${event.syncs.length} schedules; Ctrl-C or SIGTERM stops`,
        ...event.syncs.map(({ sync, schedule, next_at }) => `${sync}: ${schedule}${nextText(next_at)}`),
      ];
    case "waiting":
      return [`waiting for ${event.for}, which may have died`];
    case "resuming":
      return [`${event.sync}: finishing what was cut off`];
    case "due":
      return [`due: ${event.syncs.join(", ")}`];
    case "built":
      return [
        `built ${event.models} nodes${event.failed > 0 ? `, ${event.failed} failed` : ""} (${duration(event.seconds)})`,
        ...(event.held === null ? [] : [event.held.why]),
      ];
    case "run":
      return [`${event.run.sync}: ${runLine(event.run)}${nextText(event.next_at)}`];
    case "failed":
      return [
        `${event.syncs.join(", ") || "scheduler"}: ${event.error.code}: ${event.error.message} ${event.error.hint}`,
      ];
    case "stopping":
      return [`stopping (${event.signal})`];
    case "stopped":
      return [
        event.to_resume.length === 0
          ? "stopped; nothing is left open"
          : `stopped; the next start, or \`millrace resume\`, finishes ${event.to_resume.join(", ")}`,
      ];
  }
}

function runLine(run: RunReport): string {
  if (run.error !== null) return `${run.status}, ${run.error.code}: ${run.error.message} ${run.error.hint}`;
  if (run.status === "held") return `held: ${run.held_for.join("; ")}; approve with \`${run.approve}\``;
  const { counts } = run;
  if (counts === null || counts.planned === 0) return "nothing to send";
  const fates = (["delivered", "accepted", "rejected", "retry", "unknown"] as const).flatMap((name) =>
    counts[name] > 0 ? [`${counts[name]} ${name}`] : [],
  );
  return `${run.status}: ${fates.join(", ")} (run ${run.run_id}, ${duration(run.seconds)})`;
}

const nextText = (at: string | null): string => (at === null ? "" : `; next ${at}`);

/** A schedule in a few words, as it was written. */
export function scheduleText(schedule: Schedule): string {
  if (schedule.kind === "after-build") return "after every build";
  if (schedule.kind === "every") return `every ${intervalText(schedule.everyMs)}`;
  return `cron ${schedule.cron} ${schedule.timezone}`;
}

const units = [
  { ms: 86_400_000, unit: "d" },
  { ms: 3_600_000, unit: "h" },
  { ms: 60_000, unit: "m" },
  { ms: 1_000, unit: "s" },
] as const;

function intervalText(everyMs: number): string {
  const { ms, unit } = units.find((each) => everyMs % each.ms === 0) ?? { ms: 1, unit: "ms" };
  return `${everyMs / ms}${unit}`;
}
