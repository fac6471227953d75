import { z } from "zod";
import { columnText, durationText, identifierText, percentText, someText } from "./scalars.ts";

const off = z.literal("off");
const columnName = identifierText;

const normaliseSchema = z
  .union([
    z.enum(["text", "lower", "email", "name", "date", "code"]),
    z.strictObject({
      phone: z
        .string()
        .regex(/^[A-Z]{2}$/)
        .describe("the country of numbers that are written without one, e.g. GB"),
    }),
    z.strictObject({
      email: z
        .array(z.enum(["drop_dots", "drop_tag"]))
        .describe("drop_dots: Gmail's dots say nothing; drop_tag: +anything says nothing"),
    }),
  ])
  .describe("how values are made comparable; text (trimmed) if left out");

const namespaceSchema = z.strictObject({
  priority: z.int().min(1).max(99).describe("1 is strongest"),
  unique: z.boolean().optional().describe("true: at most one value per profile"),
  verified: z.boolean().optional().describe("true: a system vouches for it, so it anchors profiles"),
  normalise: normaliseSchema.optional(),
  limit: z
    .object({ within: durationText.optional().describe("counted back from the identifier's last sighting") })
    .catchall(z.int().min(1))
    .optional()
    .describe(
      "an identifier seen with more values of that namespace links nobody, e.g. { email: 3, within: 365 days }",
    ),
});

const columns = z.union([
  columnText,
  z
    .array(columnText)
    .min(1)
    .max(9, "may name nine columns at most; a record with more has a row for each in a dbt model"),
]);

const sourceSchema = z.strictObject({
  model: someText.optional().describe("a dbt model, seed or snapshot"),
  table: someText.optional().describe("a table of the warehouse, e.g. crm.public.contacts"),
  key: columnText.describe("the column that is unique in it"),
  at: columnText.optional().describe("the column that says when the record was seen or changed"),
  trust: z.int().min(1).max(99).optional().describe("1 is trusted most"),
  confidence: z.number().min(0).max(1).optional().describe("of the edges that its records make; 1 if left out"),
  identifiers: z.record(columnName, columns).optional().describe("namespace: column, or columns"),
  traits: z.record(columnName, columnText).optional().describe("trait: column"),
  ttl: durationText.optional().describe("after which its traits count no more"),
});

const ruleSchema = z.enum(["trust", "most_recent", "most_frequent", "longest"]);

/** identity.yml. The shape only; what must hold between its parts is in check-identity.ts. */
export const identitySchema = z
  .strictObject({
    identity: z.strictObject({
      namespaces: z.record(columnName, namespaceSchema).describe("kinds of identifiers"),
      sources: z.record(columnName, sourceSchema).describe("where records come from"),
      blocked: z
        .record(
          columnName,
          z.strictObject({
            values: z.array(z.string()).optional().describe("exact values, as they are after normalising"),
            patterns: z.array(z.string().min(1)).optional().describe("regular expressions"),
          }),
        )
        .optional()
        .describe("values that identify nobody, by namespace, or `any`"),
      guards: z
        .strictObject({
          learn_blocked_above: z
            .union([off, z.int().min(2)])
            .optional()
            .describe("block an identifier that was seen with more values of another namespace"),
          max_cluster: z
            .union([off, z.int().min(2)])
            .optional()
            .describe("identifiers of one profile"),
          strong_from: z
            .union([off, z.number().min(0).max(1)])
            .optional()
            .describe("edges of less confidence attach, and never merge two anchored profiles"),
          limited: z
            .enum(["attach", "merge"])
            .optional()
            .describe(
              "an identifier of a namespace with a `limit` goes with one profile and joins no others, or merges those it is seen with",
            ),
          future: durationText.optional().describe("how far a clock may be ahead; 1 day if left out"),
          brake: z
            .union([
              off,
              z.strictObject({
                merges: percentText.optional().describe("of the profiles, in one run"),
                largest: z.int().min(2).optional().describe("identifiers of the largest profile"),
              }),
            ])
            .optional()
            .describe("a run with more publishes nothing"),
        })
        .optional(),
      survivorship: z
        .record(
          columnName,
          z.union([
            z.array(ruleSchema).min(1),
            z.strictObject({
              bundle: z.array(columnName).min(2).optional().describe("traits that come from one record together"),
              order: z.array(ruleSchema).min(1),
            }),
          ]),
        )
        .optional()
        .describe("which value of a trait wins: trait, bundle or `default`: the rules, in order"),
      matching: z
        .strictObject({
          compare: z
            .record(columnName, z.enum(["name", "date", "code", "email", "phone", "text", "exact"]))
            .describe("trait: how it is compared"),
          block_on: z
            .array(z.array(columnName).min(1))
            .min(1)
            .optional()
            .describe("only records equal in one of these are compared; every two compared traits if left out"),
          weights: someText.optional().describe("a file of probabilities; the default for people if left out"),
          threshold: z.number().gt(0).lt(1).describe("pairs at or above this probability are edges"),
          recut_above: z
            .union([off, z.int().min(2)])
            .optional()
            .describe("records of one cluster"),
        })
        .optional()
        .describe("people without a shared identifier"),
    }),
  })
  .describe("Identity of Millrace: which records are one person");

export type IdentityYaml = z.output<typeof identitySchema>["identity"];
