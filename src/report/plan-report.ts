import type { PlanCounts } from "../core/plan.ts";
import type { Row } from "../core/value.ts";
import { bold, dim, green, type Paint, red, yellow } from "./paint.ts";

export interface Sample {
  readonly op: string;
  readonly key: string;
  readonly match: Row;
  readonly fields: Row;
}

/** Bytes as the engine bills them. */
export interface BytesRead {
  /** Read by planning. */
  readonly plan: number;
  /** What reading the plan once would read, by a dry run. */
  readonly deliver: number;
}

/** What `plan` tells of one sync; the `--json` document's shape, too. */
export interface PlanReport {
  readonly plan_id: string;
  readonly sync: string;
  readonly status: "ready" | "nothing" | "held";
  readonly destination: string;
  readonly mode: string;
  readonly counts: ReturnType<typeof countsDocument>;
  readonly held_for: readonly string[];
  readonly mapping_changes: readonly string[];
  readonly refusals: readonly { readonly code: string; readonly message: string; readonly rows: number }[];
  readonly samples: readonly Sample[];
  /** null where the connector cannot tell before it looks. */
  readonly requests: number | null;
  readonly estimated_seconds: number | null;
  /** null where the warehouse does not bill by bytes. */
  readonly bytes: BytesRead | null;
  readonly expires_at: string;
  /** How to deliver exactly this plan. */
  readonly approve: string | null;
}

export const countsDocument = (counts: PlanCounts, planned: number) => ({
  planned,
  model_rows: counts.modelRows,
  unchanged: counts.unchanged,
  added: counts.add,
  updated: counts.update,
  removed: counts.remove,
  rewritten: counts.keep,
  refused: counts.refused,
  suppressed: counts.suppressed,
  netted: counts.netted,
  released: counts.released,
  ledger_rows: counts.ledgerRows,
});

/** One page for people, as Terraform would: what would change where, why it is held, samples. */
export function planText(report: PlanReport, paint: Paint): string {
  const { counts } = report;
  const lines = [`${bold(paint, report.sync)} → ${report.destination} (${report.mode})`];
  lines.push(
    report.status === "nothing"
      ? `  nothing to send: ${counts.unchanged} of ${counts.model_rows} rows unchanged`
      : `  ${[
          green(paint, `+${counts.added} to add`),
          yellow(paint, `~${counts.updated} to update`),
          red(paint, `-${counts.removed} to remove`),
        ].join(", ")}; ${counts.unchanged} unchanged of ${counts.model_rows} in the model`,
  );
  if (counts.rewritten > 0)
    lines.push(`  the file is rewritten as a whole: ${counts.rewritten} unchanged rows go with it`);
  if (counts.netted > 0) lines.push(`  ${counts.netted} rows take over the record of a key that left`);
  if (counts.released > 0) lines.push(`  ${counts.released} leavers stay in the list: another sync holds them there`);
  if (counts.suppressed > 0) lines.push(`  ${counts.suppressed} rows wait for a decision (millrace status)`);
  for (const change of report.mapping_changes) lines.push(yellow(paint, `  ${change}: every row will be re-sent`));
  for (const { code, message, rows } of report.refusals)
    lines.push(yellow(paint, `  ${rows} refused, ${code}: ${message}`));
  if (report.requests !== null && report.status !== "nothing") {
    const time = report.estimated_seconds === null ? "" : `, about ${duration(report.estimated_seconds)}`;
    lines.push(`  ${report.requests} ${report.requests === 1 ? "API call" : "API calls"}${time}`);
  }
  if (report.bytes !== null) {
    const { plan, deliver } = report.bytes;
    const more = deliver === 0 ? "" : `; reading the plan to deliver it: ${size(deliver)} (dry run)`;
    lines.push(`  the warehouse read ${size(plan)} for this plan${more}`);
  }
  for (const sample of report.samples) lines.push(sampleText(sample, paint));
  for (const reason of report.held_for) lines.push(red(paint, `  held: ${reason}`));
  if (report.approve !== null) lines.push(`  ${dim(paint, "deliver exactly this plan with:")} ${report.approve}`);
  return lines.join("\n");
}

const signs: Readonly<Record<string, string>> = { add: "+", update: "~", remove: "-", keep: "=" };

function sampleText(sample: Sample, paint: Paint): string {
  const values = Object.entries({ ...sample.match, ...sample.fields }).map(
    ([name, value]) => `${name}: ${shortened(value)}`,
  );
  return dim(paint, `    ${signs[sample.op] ?? "?"} ${sample.key}  ${values.join("  ")}`);
}

function shortened(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

const sizes = ["bytes", "KB", "MB", "GB", "TB", "PB"];

/** In the binary units that BigQuery bills by, e.g. 0 bytes, 1.5 MB, 20 GB. */
export function size(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(sizes.length - 1, Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1_024 ** power;
  return `${power === 0 || amount >= 10 ? Math.round(amount) : amount.toFixed(1)} ${sizes[power]}`;
}

/** e.g. 4 s, 3 min, 2 h */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3_600)} h`;
}
