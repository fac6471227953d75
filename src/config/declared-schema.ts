import { z } from "zod";
import { columnFilters, ruleSchema } from "./rule-schema.ts";
import { literalValue, modelText, plainColumn, spanText, wordText } from "./words.ts";

const valueTypes = ["number", "text", "boolean", "date", "timestamp"] as const;

const profile = z
  .record(wordText, plainColumn)
  .check((ctx) => {
    if (Object.keys(ctx.value).length === 1) return;
    const params = { mend: "write { namespace: column }, e.g. { user_id: customer_id }" };
    ctx.issues.push({ code: "custom", message: "one identifier leads to the profile", params, input: ctx.value });
  })
  .describe("which identifier leads to the profile: { namespace: column }");

const eventSchema = z.strictObject({
  model: modelText.describe("a dbt model with one row per event"),
  key: plainColumn.describe("its unique column"),
  at: plainColumn.describe("when it happened, UTC without a zone"),
  profile,
  arrived: plainColumn.optional().describe("when the row arrived, for models that keep it"),
  where: columnFilters.optional(),
  properties: z
    .record(
      wordText,
      z.union([
        plainColumn,
        z.strictObject({
          column: plainColumn,
          type: z.enum(valueTypes).optional(),
          values: z.int().min(1).optional().describe("about how many different values there are"),
          range: z
            .tuple([z.number(), z.number()])
            .optional()
            .describe("the least and the greatest number, about: [0, 500]"),
        }),
      ]),
    )
    .optional()
    .describe("what conditions may ask of it: property: column"),
  volume: z
    .strictObject({
      rows: z.int().min(1).optional().describe("how many events"),
      profiles: z.int().min(1).optional().describe("how many profiles had one"),
      days: z.number().positive().optional().describe("how long ago the first one was"),
    })
    .optional()
    .describe("about how much there is: it decides which segments share a pass, and never who is in them"),
});

export const eventsSchema = z
  .strictObject({ events: z.record(wordText, eventSchema).describe("the events by name") })
  .describe("Events of Millrace: which tables say what people did");

/** Keys of a trait that say how it is computed; a trait has exactly one of them. */
export const traitKinds = [
  "count",
  "sum",
  "average",
  "min",
  "max",
  "first",
  "last",
  "most_frequent",
  "distinct",
  "value",
  "days_since",
  "median_gap",
  "sql",
  "ratio",
  "expression",
  "score",
] as const;

const column = (what: string) => plainColumn.optional().describe(what);

const traitSchema = z.union([
  plainColumn.describe("a column, of the latest row"),
  z.strictObject({
    count: z
      .union([z.literal("*"), plainColumn])
      .optional()
      .describe("rows, or those where the column has a value"),
    sum: column("the column added up"),
    average: column("the column's mean"),
    min: column("the least value"),
    max: column("the greatest value"),
    first: column("the value of the earliest row that has one"),
    last: column("the value of the latest row that has one"),
    most_frequent: column("the value most rows have; of equals the latest"),
    distinct: column("how many values"),
    value: column("a column of a model with one row per profile"),
    days_since: z
      .union([plainColumn, z.strictObject({ max: plainColumn.optional(), min: plainColumn.optional() })])
      .optional()
      .describe("whole days since the latest (max) or earliest (min)"),
    median_gap: column("median of the days between days with a row"),
    sql: z.string().min(1).optional().describe("an aggregate in the warehouse's words, over the model's columns"),
    ratio: z.tuple([wordText, wordText]).optional().describe("one trait divided by another"),
    expression: z.string().min(1).optional().describe("in the warehouse's words, over other traits of the profile"),
    score: z
      .strictObject({ of: wordText, best: z.enum(["highest", "lowest"]).optional() })
      .optional()
      .describe("1 to 5, by rank of another trait among all profiles"),
    within: spanText.optional().describe("only rows of the last so long, e.g. 90 days"),
    where: columnFilters.optional(),
    as: z.enum(valueTypes).optional().describe("the type"),
    default: literalValue.optional().describe("instead of a missing value"),
    history: z.boolean().optional().describe("true: keep what it was, and when"),
  }),
]);

const library = z
  .strictObject({
    value: plainColumn.describe("what an order is worth"),
    where: columnFilters.optional().describe("which rows are orders; all if left out"),
    product: plainColumn.optional(),
    category: plainColumn.optional(),
    channel: plainColumn.optional(),
    lapsed_after: z.number().positive().optional().describe("times their own rhythm; 2 if left out"),
    only: z.array(wordText).min(1).optional().describe("only these traits of the library"),
  })
  .describe("the shipped traits of a table of orders");

export const traitsSchema = z
  .strictObject({
    traits: z
      .object({
        from: modelText.describe("a dbt model"),
        profile,
        at: plainColumn.optional().describe("when a row happened, UTC without a zone"),
        key: plainColumn.optional().describe("its unique column; decides between rows of one instant"),
        arrived: plainColumn.optional().describe("when the row arrived, for models that keep it"),
        where: columnFilters.optional(),
        library: library.optional(),
        history: z
          .union([z.literal(true), z.array(wordText).min(1)])
          .optional()
          .describe("which of these traits are kept with their past: names, or true for all but days_since"),
      })
      .catchall(traitSchema)
      .describe("where the rows are, and the traits by name"),
  })
  .describe("Traits of Millrace: columns about a profile, computed from a table");

export const segmentSchema = z
  .strictObject({
    segment: wordText.optional().describe("the segment's name; its dbt model bears it"),
    lifecycle: wordText.optional().describe("a life-cycle's name: stages, of which everybody is in one at most"),
    description: z.string().optional().describe("who it is, in words"),
    where: ruleSchema.optional().describe("the rules"),
    model: modelText.optional().describe("instead of rules: a dbt model that returns profile_id"),
    stages: z
      .record(wordText, ruleSchema)
      .optional()
      .describe("the stages in their order; each becomes a segment, and a profile is in the first whose rule holds"),
  })
  .describe("A segment of Millrace: a set of profiles, by rules or by SQL");

export type EventsYaml = z.output<typeof eventsSchema>;
export type TraitsYaml = z.output<typeof traitsSchema>;
export type TraitYaml = z.output<typeof traitSchema>;
export type LibraryYaml = z.output<typeof library>;
export type SegmentYaml = z.output<typeof segmentSchema>;
