import { z } from "zod";
import {
  columnText,
  cronText,
  durationText,
  nameText,
  sizeText,
  someText,
  templateText,
  timeZoneText,
} from "./scalars.ts";
import { guardSchema, rejectsSchema } from "./shared-schema.ts";

const fieldTypes = ["text", "number", "integer", "boolean", "date", "datetime", "json"] as const;
const catchUp = z.enum(["once", "skip"]).optional().describe("ticks missed while nothing ran: run once, or skip them");
const onlyIfEmpty = z.boolean().optional().describe("write only where the destination's field is empty");
const nulls = z.enum(["write", "skip"]).optional().describe("skip: a NULL leaves the destination's field as it is");

const fieldSchema = z.union([
  columnText.describe("a column of the model"),
  z.strictObject({
    column: columnText.describe("a column of the model"),
    type: z.enum(fieldTypes).optional().describe("coerce to this type; a row that cannot be is refused"),
    round: z.int().min(0).max(15).optional().describe("digits after the point"),
    nulls,
    only_if_empty: onlyIfEmpty,
  }),
  z.strictObject({ value: z.json().describe("the same for every row"), only_if_empty: onlyIfEmpty }),
  z.strictObject({
    template: templateText.describe("text with {{ column }} in it"),
    nulls,
    only_if_empty: onlyIfEmpty,
  }),
]);

const scheduleSchema = z
  .union([
    z.strictObject({
      cron: cronText.describe("minute, hour, day of the month, month, day of the week"),
      timezone: timeZoneText.optional().describe("an IANA name such as Europe/London; UTC if left out"),
      catch_up: catchUp,
    }),
    z.strictObject({ every: durationText.describe("e.g. 15m"), catch_up: catchUp }),
    z.strictObject({ after: z.literal("build").describe("build: after every build of the models") }),
  ])
  .describe("when `millrace serve` runs it");

/** The source keys; a sync has exactly one of them. */
export const sourceKinds = ["model", "segment", "audience", "table"] as const;

/** One file of syncs/. The shape only; what a value must be beside another is in sync-rules.ts. */
export const syncSchema = z
  .strictObject({
    sync: nameText.describe("the sync's name, unique in the project; its ledger bears it"),
    renamed_from: nameText.optional().describe("the name it had before; carries the ledger over"),
    model: someText.optional().describe("a dbt model, seed or snapshot"),
    segment: someText.optional().describe("a segment"),
    audience: someText.optional().describe("an audience"),
    table: someText.optional().describe("a table of the warehouse, e.g. analytics.public.vips"),
    key: columnText.describe("the model's unique column"),
    match: z
      .record(z.string().min(1), columnText)
      .optional()
      .describe("what identifies the record at the destination: its field: column of the model"),
    to: z
      .looseObject({
        account: someText.describe("an account of millrace.yml"),
        target: someText.describe("what to write there, e.g. record or list"),
      })
      .describe("the destination"),
    mode: z
      .enum(["mirror", "upsert", "insert", "update", "append", "remove"])
      .describe("mirror, upsert, insert, update, append or remove"),
    when_removed: z
      .union([z.literal("delete"), z.strictObject({ set: z.record(z.string().min(1), z.json()) })])
      .optional()
      .describe("what mirror does with a record whose row left: delete, or { set: { Field: value } }"),
    fields: z
      .record(z.string().min(1), fieldSchema)
      .optional()
      .describe("field of the destination: column of the model"),
    schedule: scheduleSchema.optional(),
    guard: guardSchema.optional(),
    rejects: rejectsSchema.optional(),
    batch: z
      .strictObject({
        rows: z.int().min(1).optional().describe("at most so many rows in a batch"),
        bytes: sizeText.optional(),
      })
      .optional()
      .describe("smaller batches than the target allows"),
    strict: z.boolean().optional().describe("true: stop at the first row that is refused"),
    consent: z.unknown().optional().describe("none: the destination is told nothing about consent"),
  })
  .describe("A sync of Millrace: a model or audience, and where it goes");

export type SyncYaml = z.output<typeof syncSchema>;
export type FieldYaml = NonNullable<SyncYaml["fields"]>[string];
