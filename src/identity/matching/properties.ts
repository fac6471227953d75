import { stringify } from "yaml";
import type { Matching } from "../../core/identity.ts";

const unique = (name: string, description: string) => ({ name, description, data_tests: ["unique", "not_null"] });
const required = (name: string, description: string) => ({ name, description, data_tests: ["not_null"] });
const optional = (name: string, description: string) => ({ name, description });

/** Descriptions and tests of the models of matching, as dbt reads them. */
export function propertiesOf({ weighing, threshold }: Matching): string {
  const traits = weighing.traits.map(({ trait, levels }) => ({
    trait,
    levels: ["missing", ...levels.map(({ level }) => level)],
  }));
  const models = [
    {
      name: "identity_match_record",
      description: "One row per source record that has a compared trait, its values normalised for comparison.",
      columns: [
        unique("record_id", "The namespace and the key of the record."),
        required("namespace", "record: and the source."),
        required("record_key", "The record's key in its source, as text."),
        ...traits.flatMap(({ trait }) => [
          optional(trait, "As it is compared; NULL where the record lacks it."),
          optional(`${trait}_share`, "The share of the records that bear the same value, of those that bear any."),
        ]),
        required("fingerprint", "Of all compared values: a record whose fingerprint stayed is not compared again."),
      ],
    },
    {
      name: "identity_match_pair",
      description: "Pairs of records that a block brings together, with a level of agreement per trait.",
      columns: [
        required("a_record", "The first record of the pair, the lesser id."),
        required("b_record", "The second record of the pair."),
        required("a_fingerprint", "Of the first record when it was compared."),
        required("b_fingerprint", "Of the second record when it was compared."),
        ...traits.map(({ trait, levels }) => ({
          name: trait,
          description: "The level of agreement.",
          data_tests: [{ accepted_values: { arguments: { values: levels } } }],
        })),
        required("rules", "Of how levels are decided: another value, and all pairs are compared again."),
      ],
    },
    {
      name: "identity_match_score",
      description: "The evidence of every pair, in bits, for one person and against two.",
      columns: [
        required("a_record", "The first record of the pair."),
        required("b_record", "The second record of the pair."),
        required("evidence_other", "log2 of how much likelier the levels are in one person than in any two people."),
        required("evidence_housemate", "The same against two people of one household."),
      ],
    },
    {
      name: "identity_match_histogram",
      description: "How many pairs give which evidence, to a tenth of a bit.",
      columns: [
        required("evidence_other", "As in identity_match_score, rounded."),
        required("evidence_housemate", "As in identity_match_score, rounded."),
        required("pairs", "How many."),
      ],
    },
    {
      name: "identity_match_rate",
      description: "One row: how many records of the same person and of its household a record has on average.",
      columns: [
        unique("records", "How many records were compared."),
        required("matches_per_record", "Other records of the same person; learnt unless the weights give it."),
        required("housemates_per_record", "Records of housemates; learnt unless the weights give it."),
      ],
    },
    {
      name: "identity_match_edge",
      description: `Pairs of records that are one person with a probability of at least ${threshold}.`,
      columns: [
        required("a_namespace", "record: and the source of the first record."),
        required("a_value", "The first record's key."),
        required("b_namespace", "record: and the source of the second record."),
        required("b_value", "The second record's key."),
        required("rule", "match: and the traits that agree, each with its level."),
        required("confidence", "The probability that both are one person."),
        required("source", "The sources of both records."),
      ],
    },
  ];
  models.push({
    name: "identity_match_random",
    description: "How many pairs drawn at random are at which level of a trait. A view that only training reads.",
    columns: [
      optional("trait", "The compared trait."),
      optional("level", "The level of agreement."),
      optional("pairs", "How many pairs."),
    ],
  });
  return stringify({ version: 2, models }, { lineWidth: 0 });
}
