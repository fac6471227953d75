import { z } from "zod";
import { identifierText } from "./scalars.ts";

const chance = z.number().gt(0).lte(1);
const frequency = z.literal("frequency");
const rate = z
  .union([z.literal("learn"), z.number().gt(0)])
  .describe("`learn`: counted in the records of every run, without labels");

const levelSchema = z.strictObject({
  match: chance.describe("how likely in two records of one person"),
  housemate: z
    .union([chance, frequency, z.strictObject({ frequency_at_least: chance })])
    .describe("how likely in records of two people of one household"),
  other: z.union([chance, frequency]).describe("how likely in records of any two people"),
});

/** identity.weights.yml, or what `weights:` names. */
export const weightsSchema = z
  .strictObject({
    weights: z.strictObject({
      matches_per_record: rate.optional().describe("other records of the same person that a record has"),
      housemates_per_record: rate.optional().describe("records of others of its household that a record has"),
      traits: z
        .record(
          identifierText,
          z.strictObject({
            as: z
              .enum([
                "given_name",
                "family_name",
                "full_name",
                "date",
                "postcode",
                "code",
                "place",
                "address",
                "text",
                "phone",
                "email",
                "shared",
                "attribute",
              ])
              .optional()
              .describe("what the trait says of a person; taken from its name if left out"),
            levels: z.record(z.string(), levelSchema).optional().describe("level of agreement: how likely it is"),
          }),
        )
        .optional()
        .describe("traits that are compared; those left out have the default for people"),
    }),
  })
  .describe("Weights of matching: how likely each level of agreement is");

export type WeightsYaml = z.output<typeof weightsSchema>["weights"];
