import { stringify } from "yaml";
import { type IdentityConfig, identityTraits, namespaceColumns } from "../core/identity.ts";
import { type PublishedModel, published } from "./published-models.ts";

/** Descriptions and tests of the compiled models, for dbt. */
export function schemaFile(config: IdentityConfig): string {
  return stringify(
    { version: 2, models: [recordProperties(config), ...working, ...published.map(properties)] },
    { lineWidth: 0 },
  );
}

/** dbt's own test of uniqueness, of several columns: their texts beside each other. */
export const oneRowPer = (model: string, columns: readonly string[]) => ({
  unique: { name: `${model}_grain`, arguments: { column_name: columns.join(" || '|' || ") } },
});

function properties({ name, description, columns, grain }: PublishedModel) {
  return {
    name,
    description,
    ...(grain !== undefined && { data_tests: [oneRowPer(name, grain)] }),
    columns: columns.map(({ name: column, description: about, tests }) => ({
      name: column,
      description: about,
      ...(tests !== undefined && { data_tests: tests }),
    })),
  };
}

const working = [
  {
    name: "identity_resolution",
    description:
      "One row per identity run, staged or published. Works out who is who; nothing shows before identity_published.",
  },
  { name: "identity_published", description: "The run that all published tables of identity show." },
];

function recordProperties(config: IdentityConfig) {
  const columns = [
    { name: "source", description: "of identity.yml", data_tests: ["not_null"] },
    { name: "record_key", description: "the source's key as text; a record without one is told in identity_violation" },
    { name: "seen_at", description: "UTC; NULL: unknown, or in the future" },
    { name: "from_future", description: "1: the source says an instant that is yet to come" },
    ...config.namespaces.flatMap(({ name }) =>
      namespaceColumns(config, name).map((each) => ({ name: each, description: `${name}, normalised` })),
    ),
    ...identityTraits(config).map((trait) => ({
      name: `trait_${trait}`,
      description: `${trait} as text, as the source has it`,
    })),
  ];
  return { name: "identity_record", description: "Every source's records, their identifiers normalised.", columns };
}
