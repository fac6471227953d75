import { z } from "zod";
import { literalValue, plainColumn, spanText, wordText } from "./words.ts";

const traitOperand = z.strictObject({
  trait: wordText.describe("another trait of the same profile"),
  times: z.number().optional().describe("multiplied by"),
  plus: z.number().optional().describe("and so much added"),
});

const operand = z.union([literalValue, traitOperand]);
const constants = z.array(literalValue).check((ctx) => {
  if (ctx.value.length > 0) return;
  const params = { mend: "write at least one value" };
  ctx.issues.push({
    code: "custom",
    message: "the list is empty, so nothing would ever fit",
    params,
    input: ctx.value,
  });
});

/** What a value is held against. Several of one condition must all hold. */
export const comparisons = {
  eq: operand.optional().describe("equals"),
  ne: operand.optional().describe("is there and differs from"),
  gt: operand.optional().describe("is greater than"),
  gte: operand.optional().describe("is at least"),
  lt: operand.optional().describe("is less than"),
  lte: operand.optional().describe("is at most"),
  in: constants.optional().describe("is one of"),
  not_in: constants.optional().describe("is there and none of"),
  matches: z.string().optional().describe("a regular expression finds something in it"),
  contains: z.string().min(1).optional().describe("holds this text"),
  starts_with: z.string().min(1).optional().describe("begins with this text"),
  ends_with: z.string().min(1).optional().describe("ends with this text"),
  exists: z.boolean().optional().describe("true: there is a value; false: there is none"),
  before: z.string().optional().describe("is earlier than a day (2026-03-01) or a time (30 days ago, today)"),
  after: z.string().optional().describe("is later than a day (2026-03-01) or a time (30 days ago, yesterday)"),
};

const comparisonSchema = z.strictObject({
  ...comparisons,
  within: spanText.optional().describe("is a time in the last so long, e.g. 30 days"),
});

/** What a column or property must be: a value, a list of values, or comparisons. */
const fits = z.union([literalValue, constants, comparisonSchema]);

export const columnFilters = z.record(plainColumn, fits).describe("column: what it must be");

const eventKeys = {
  where: z.record(wordText, fits).optional().describe("property of the event: what it must be"),
};

const timesSchema = z
  .strictObject({
    eq: z.int().min(0).optional(),
    ne: z.int().min(0).optional(),
    gt: z.int().min(0).optional(),
    gte: z.int().min(0).optional(),
    lt: z.int().min(0).optional(),
    lte: z.int().min(0).optional(),
  })
  .describe("how often; once or more if left out");

const stepSchema = z.strictObject({
  did: wordText.describe("an event"),
  ...eventKeys,
  within: spanText.optional().describe("in the last so long"),
});

/**
 * One condition. Which keys may stand together is in check-rules.ts: one flat mapping instead of a union, so that a misspelt key
 * is told by the nearest one and two hundred levels cost two hundred steps.
 */
export interface RuleYaml extends Partial<z.output<typeof flat>> {
  all?: RuleYaml[] | undefined;
  any?: RuleYaml[] | undefined;
  not?: RuleYaml | undefined;
}

const flat = z.strictObject({
  trait: wordText.optional().describe("a trait of the profile, with what it must be"),
  ...comparisons,
  did: wordText.optional().describe("an event the profile had"),
  did_not: wordText.optional().describe("an event the profile did not have"),
  times: timesSchema.optional(),
  within: spanText.optional().describe("in the last so long, e.g. 30 days"),
  ...eventKeys,
  sequence: z.array(stepSchema).min(2).optional().describe("events one after the other"),
  segment: wordText.optional().describe("a member of another segment"),
});

export const ruleSchema: z.ZodType<RuleYaml> = z
  .strictObject({
    all: z
      .lazy(() => ruleList)
      .optional()
      .describe("every one of these"),
    any: z
      .lazy(() => ruleList)
      .optional()
      .describe("at least one of these"),
    not: z
      .lazy(() => ruleSchema)
      .optional()
      .describe("not this"),
    ...flat.shape,
  })
  .meta({ id: "rule" });

const ruleList = z.array(ruleSchema);
