import { stripVTControlCharacters } from "node:util";
import { z } from "zod";

/** What dbt calls a node's state once it is finished. */
export type NodeStatus =
  | "success"
  | "pass"
  | "warn"
  | "fail"
  | "error"
  | "skipped"
  | "partial success"
  | "runtime error"
  | "no-op";

export interface DbtNodeName {
  /** e.g. "model.shop.customers". */
  readonly uniqueId: string;
  readonly name: string;
  /** model, seed, snapshot, test, … */
  readonly resourceType: string;
}

/** dbt's progress, as read from its log. */
export type DbtEvent =
  /** dbt has begun: installing packages, or reading the project and then running its nodes. */
  | { readonly kind: "phase"; readonly phase: "deps" | "build" }
  /** The project is read; so many nodes will run. */
  | { readonly kind: "planned"; readonly total: number }
  | ({ readonly kind: "start" } & DbtNodeName)
  | ({ readonly kind: "node"; readonly status: NodeStatus; readonly seconds: number } & DbtNodeName)
  /**
   * dbt's own words about a node (null: about the project). They may quote values of the warehouse: for the screen, not for storage.
   * `file` is the path in the project.
   */
  | {
      readonly kind: "problem";
      readonly level: "warn" | "error";
      readonly node: string | null;
      readonly file: string | null;
      readonly message: string;
    }
  /** A line of Millrace's package for people: what an identity run did. */
  | { readonly kind: "told"; readonly message: string }
  /** SQL that was to be rendered and not run. */
  | { readonly kind: "rendered"; readonly sql: string }
  | { readonly kind: "finished"; readonly seconds: number };

const finished = z.enum([
  "success",
  "pass",
  "warn",
  "fail",
  "error",
  "skipped",
  "partial success",
  "runtime error",
  "no-op",
]);

/**
 * One line of `dbt --log-format json`. Only these are read, and all but the event's name may be missing.
 * https://docs.getdbt.com/reference/events-logging
 */
const logLine = z.object({
  info: z.object({ name: z.string(), level: z.string().catch("info"), msg: z.string().catch("") }),
  data: z
    .object({
      node_info: z
        .object({
          unique_id: z.string(),
          node_name: z.string(),
          resource_type: z.string(),
          node_status: z.string(),
        })
        .optional()
        .catch(undefined),
      node_count: z.number().optional().catch(undefined),
      execution_time: z.number().optional().catch(undefined),
      path: z.string().optional().catch(undefined),
      exc: z.string().optional().catch(undefined),
      msg: z.string().optional().catch(undefined),
      compiled: z.string().optional().catch(undefined),
      is_inline: z.boolean().optional().catch(undefined),
    })
    .catch({}),
});

/** Reads the log line by line. Lines that are no events of interest give nothing. */
export function createLogReader(): (line: string) => DbtEvent | null {
  const done = new Set<string>();
  /** dbt names the file of a failed node in one event and says what is wrong in the next. */
  let fileOfProblem: string | null = null;

  return (line) => {
    const entry = parse(line);
    if (entry === null) return null;
    const { info, data } = entry;
    const node = data.node_info;
    switch (info.name) {
      case "ConcurrencyLine":
        return data.node_count === undefined ? null : { kind: "planned", total: data.node_count };
      case "LogStartLine":
        return node === undefined ? null : { kind: "start", ...named(node) };
      case "RunResultFailure":
      case "RunResultWarning":
        fileOfProblem = data.path ?? null;
        return null;
      case "RunResultError":
      case "RunResultWarningMessage": {
        const file = fileOfProblem;
        fileOfProblem = null;
        const level = info.name === "RunResultError" ? "error" : "warn";
        return { kind: "problem", level, node: node?.node_name ?? null, file, message: plain(data.msg ?? info.msg) };
      }
      case "MainEncounteredError":
        return { kind: "problem", level: "error", node: null, file: null, message: plain(data.exc ?? info.msg) };
      case "DebugCmdResult": {
        const message = plain(data.msg ?? info.msg);
        // The reasons follow such a heading, each in an event of its own.
        if (/^(All checks passed|\d+ checks? failed)/.test(message)) return null;
        return { kind: "problem", level: "error", node: null, file: null, message };
      }
      case "CompiledNode":
        return data.is_inline === true && data.compiled !== undefined ? { kind: "rendered", sql: data.compiled } : null;
      case "JinjaLogInfo":
        // Other macros' logs are their project's own business.
        return /^identity run \d+: /.test(info.msg) ? { kind: "told", message: plain(info.msg) } : null;
      case "FinishedRunningStats":
        return { kind: "finished", seconds: data.execution_time ?? 0 };
    }
    if (node === undefined || done.has(node.unique_id)) return null;
    const status = finished.safeParse(node.node_status);
    if (!status.success) return null;
    done.add(node.unique_id);
    return { kind: "node", ...named(node), status: status.data, seconds: data.execution_time ?? 0 };
  };
}

function parse(line: string): z.output<typeof logLine> | null {
  if (!line.startsWith("{")) return null;
  try {
    return logLine.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}

function named(node: { unique_id: string; node_name: string; resource_type: string }): DbtNodeName {
  return { uniqueId: node.unique_id, name: node.node_name, resourceType: node.resource_type };
}

const plain = (text: string): string => stripVTControlCharacters(text).trim();
