import { createColors } from "picocolors";
import type { DbtEvent, NodeStatus } from "./dbt-event.ts";

export interface ProgressOptions {
  /** A terminal gets a line per model and a bar; anything else only what went wrong and a summary. */
  readonly tty: boolean;
  readonly color: boolean;
  /** Width of the terminal in characters. */
  readonly columns?: number;
}

export interface DbtProgress {
  onEvent(event: DbtEvent): void;
  /** Removes the bar and writes the summary; call it after the build, however that ended. */
  end(): void;
}

const BAR_CELLS = 24;
const DEFAULT_COLUMNS = 80;
const MARKS: Readonly<Record<NodeStatus, string>> = {
  success: "✓",
  pass: "✓",
  "no-op": "✓",
  warn: "!",
  fail: "✗",
  error: "✗",
  "runtime error": "✗",
  "partial success": "✗",
  skipped: "–",
};

/** Turns dbt's events into lines of a terminal, normally stderr. */
export function createProgress(out: { write(text: string): unknown }, options: ProgressOptions): DbtProgress {
  const colors = createColors(options.color);
  const running = new Map<string, string>();
  const count = { built: 0, passed: 0, warned: 0, failed: 0, skipped: 0 };
  let total = 0;
  let doing = "";
  let seconds: number | null = null;
  const told: string[] = [];

  const clear = () => {
    if (options.tty) out.write("\r\u001b[K");
  };
  const line = (text: string) => {
    clear();
    out.write(`${text}\n`);
  };
  const bar = () => {
    if (!options.tty) return;
    const done = count.built + count.passed + count.warned + count.failed + count.skipped;
    const filled = total === 0 ? 0 : Math.round((BAR_CELLS * done) / total);
    const names = [...running.values()].join(", ") || (total === 0 ? doing : "testing");
    const plain =
      total === 0
        ? `dbt: ${doing}`
        : `${"█".repeat(filled)}${"░".repeat(BAR_CELLS - filled)} ${done}/${total} ${names}`;
    clear();
    out.write(plain.slice(0, (options.columns ?? DEFAULT_COLUMNS) - 1));
  };

  function start(event: DbtEvent & { kind: "start" }): void {
    if (!isTest(event.resourceType)) running.set(event.uniqueId, event.name);
  }

  function node(event: DbtEvent & { kind: "node" }): void {
    running.delete(event.uniqueId);
    const outcome = outcomeOf(event.status, event.resourceType);
    count[outcome] += 1;
    // Tests that pass are only counted: there are many more of them than models.
    if (outcome === "passed" || !options.tty) return;
    const paint = outcome === "failed" ? colors.red : outcome === "built" ? colors.green : colors.yellow;
    line(
      `${paint(MARKS[event.status])} ${event.name} ${colors.dim(`${event.resourceType}, ${event.seconds.toFixed(1)} s`)}`,
    );
  }

  function problem(event: DbtEvent & { kind: "problem" }): void {
    const paint = event.level === "error" ? colors.red : colors.yellow;
    const where = [event.node, event.file === null ? null : `(${event.file})`]
      .filter((part) => part !== null)
      .join(" ");
    line(`${paint(event.level === "error" ? "dbt failed" : "dbt warns")}${where ? ` in ${where}` : ""}:`);
    for (const text of event.message.split("\n")) line(`  ${text}`);
  }

  return {
    onEvent(event) {
      if (event.kind === "phase") doing = event.phase === "deps" ? "installing packages" : "reading the project";
      else if (event.kind === "planned") total = event.total;
      else if (event.kind === "start") start(event);
      else if (event.kind === "node") node(event);
      else if (event.kind === "problem") problem(event);
      else if (event.kind === "told") told.push(event.message);
      else if (event.kind === "finished") seconds = event.seconds;
      bar();
    },

    end() {
      clear();
      for (const message of told) out.write(`${message}\n`);
      if (seconds === null) return;
      const parts = [`${count.built} built`, `${count.passed} tests passed`];
      if (count.warned > 0) parts.push(colors.yellow(`${count.warned} warned`));
      if (count.failed > 0) parts.push(colors.red(`${count.failed} failed`));
      if (count.skipped > 0) parts.push(colors.yellow(`${count.skipped} skipped`));
      out.write(`dbt: ${parts.join(", ")} in ${seconds.toFixed(1)} s\n`);
    },
  };
}

function outcomeOf(status: NodeStatus, resourceType: string): "built" | "passed" | "warned" | "failed" | "skipped" {
  if (status === "skipped") return "skipped";
  if (status === "warn") return "warned";
  if (status !== "success" && status !== "pass" && status !== "no-op") return "failed";
  return isTest(resourceType) ? "passed" : "built";
}

const isTest = (resourceType: string): boolean => resourceType === "test" || resourceType === "unit_test";
