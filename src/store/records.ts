import { z } from "zod";
import type { Plan } from "../core/plan.ts";
import type { JobHandle } from "../core/result.ts";
import type { RunCounts, RunRecord } from "../core/run.ts";
import type { SyncConfig } from "../core/sync.ts";

/**
 * What a store keeps as JSON, read back. Unknown keys are kept, not refused: the file may come from a newer Millrace,
 * and a resumed run must see its config and plan whole.
 */
const count = z.number().int().nonnegative();

export const planSchema: z.ZodType<Plan> = z.looseObject({
  runId: z.string(),
  sync: z.string(),
  table: z.looseObject({ database: z.string().exactOptional(), schema: z.string(), name: z.string() }),
  createdAt: z.coerce.date(),
  counts: z.looseObject({
    modelRows: count,
    unchanged: count,
    add: count,
    update: count,
    remove: count,
    keep: count,
    refused: count,
    suppressed: count,
    netted: count,
    released: count,
    ledgerRows: count,
  }),
  total: count,
  removes: count,
  mappingChanges: z.array(z.string()),
  fingerprintEngine: z.string(),
});

const row = z.record(z.string(), z.json());
const catchUp = z.enum(["skip", "once"]);

const fieldType = z.enum(["text", "number", "integer", "boolean", "date", "datetime", "json"]);
export const fieldTypesSchema = z.record(z.string(), fieldType);

const fieldSource = z.discriminatedUnion("from", [
  z.looseObject({
    from: z.literal("column"),
    column: z.string(),
    type: fieldType.exactOptional(),
    round: z.number().exactOptional(),
  }),
  z.looseObject({ from: z.literal("value"), value: z.json() }),
  z.looseObject({
    from: z.literal("template"),
    parts: z.array(z.union([z.looseObject({ text: z.string() }), z.looseObject({ column: z.string() })])),
  }),
]);

export const syncConfigSchema: z.ZodType<SyncConfig> = z.looseObject({
  name: z.string(),
  renamedFrom: z.string().exactOptional(),
  source: z.looseObject({ kind: z.enum(["model", "segment", "audience", "table"]), name: z.string() }),
  key: z.string(),
  match: z.record(z.string(), z.string()),
  to: z.looseObject({ account: z.string(), target: z.string(), options: row }),
  mode: z.enum(["mirror", "upsert", "insert", "update", "append", "remove"]),
  whenRemoved: z.union([z.literal("delete"), z.looseObject({ set: row })]).exactOptional(),
  fields: z.record(
    z.string(),
    z.looseObject({ source: fieldSource, nulls: z.enum(["write", "skip"]), onlyIfEmpty: z.boolean() }),
  ),
  batch: z.looseObject({ rows: z.number().exactOptional(), bytes: z.number().exactOptional() }),
  schedule: z
    .discriminatedUnion("kind", [
      z.looseObject({ kind: z.literal("cron"), cron: z.string(), timezone: z.string(), catchUp }),
      z.looseObject({ kind: z.literal("every"), everyMs: z.number(), catchUp }),
      z.looseObject({ kind: z.literal("after-build") }),
    ])
    .exactOptional(),
  guard: z.looseObject({
    maxRemoved: z.number(),
    maxRemovedRows: z.number(),
    maxChanged: z.number(),
    minRows: z.number(),
    mappingChange: z.enum(["hold", "allow"]),
  }),
  rejects: z.looseObject({
    retry: z.union([z.enum(["on_change", "always"]), z.looseObject({ times: z.number() })]),
  }),
  strict: z.boolean(),
  origin: z.looseObject({ file: z.string(), line: z.number() }),
});

export const jobSchema: z.ZodType<JobHandle> = z.looseObject({
  id: z.string(),
  phase: z.string(),
  data: z.json().exactOptional(),
});

export const runCountsSchema: z.ZodType<RunCounts> = z.looseObject({
  planned: count,
  delivered: count,
  accepted: count,
  rejected: count,
  retry: count,
  unknown: count,
});

export const runErrorSchema: z.ZodType<NonNullable<RunRecord["error"]>> = z.looseObject({
  code: z.string(),
  message: z.string(),
  hint: z.string(),
});

export const triggerSchema = z.enum(["manual", "cron", "approve", "adopt", "retry", "retire", "full"]);
export const stageSchema = z.enum(["models", "plan", "deliver", "settle", "report", "done"]);
export const runStatusSchema = z.enum([
  "running",
  "planned",
  "held",
  "done",
  "failed",
  "superseded",
  "expired",
  "abandoned",
]);
export const batchStateSchema = z.enum(["planned", "sending", "pending", "returned", "settled"]);
