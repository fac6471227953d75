import type { z } from "zod";
import { explain } from "./explain.ts";
import type { Fault } from "./fault.ts";
import { type Materialised, pick, put } from "./materialise.ts";
import type { SourceNode, SourcePath } from "./source.ts";

export interface Validated<T> {
  /** undefined: it has faults, or stands on a variable that is unset. */
  readonly value: T | undefined;
  readonly faults: readonly Fault[];
}

/**
 * Holds a materialised tree against a schema. Faults that only exist because a variable is unset, or a secret is not read
 * yet, are left out; what filled in text means as a number or truth value is taken as one where the schema wants one.
 */
export function validate<T>(
  schema: z.ZodType<T>,
  root: SourceNode,
  made: Materialised,
  quotes: (path: SourcePath) => boolean,
): Validated<T> {
  let result = schema.safeParse(made.data);
  if (!result.success && retype(result.error.issues, made)) result = schema.safeParse(made.data);
  if (result.success) return { value: result.data, faults: made.faults };
  const open = [...made.missing, ...made.secrets].map(({ path }) => path);
  const issues = result.error.issues.filter((issue) => !open.some((path) => concerns(issue, path)));
  return { value: undefined, faults: [...made.faults, ...explain(issues, { root, data: made.data, schema, quotes })] };
}

function concerns(issue: z.core.$ZodIssue, open: SourcePath): boolean {
  const within = (inner: SourcePath, outer: SourcePath) => outer.every((step, i) => String(inner[i]) === String(step));
  if (within(issue.path, open)) return true;
  return (issue.code === "invalid_union" || issue.code === "custom") && within(open, issue.path);
}

/** Variables hold text. Returns whether anything changed. */
function retype(issues: readonly z.core.$ZodIssue[], made: Materialised): boolean {
  let changed = false;
  for (const issue of issues) {
    if (issue.code !== "invalid_type") continue;
    const path = made.filled.find(
      (each) => each.length === issue.path.length && each.every((step, i) => step === issue.path[i]),
    );
    const meant = path === undefined ? undefined : meaning(pick(made.data, path), issue.expected);
    if (path === undefined || meant === undefined) continue;
    put(made.data, path, meant);
    changed = true;
  }
  return changed;
}

function meaning(text: unknown, expected: string): number | boolean | undefined {
  if (typeof text !== "string") return undefined;
  if ((expected === "number" || expected === "int") && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (expected === "boolean" && (text === "true" || text === "false")) return text === "true";
  return undefined;
}
