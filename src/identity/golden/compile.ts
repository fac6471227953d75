import { stringify } from "yaml";
import type { CompiledFile } from "../../core/compiled.ts";
import { type IdentityConfig, identityTraits } from "../../core/identity.ts";
import { jinja, text } from "../jinja.ts";
import { oneRowPer } from "../schema-file.ts";
import { goldenQuery } from "./golden-query.ts";
import { atPointer, identifierProvenance, identifierValues, stagedAtPointer } from "./identifier-query.ts";
import { pinnedSelect } from "./pins.ts";
import { goldenNamespaces } from "./subjects.ts";
import { valueQuery } from "./value-query.ts";

const folder = "identity";

/** Decisions that pin a trait's value: the first identifier says whose, the second one is `trait:` and the trait. */
const pins = `(
    select a_namespace as namespace, a_value as value, substring(b_namespace, 7) as trait, b_value as pinned_value, decided_at
    from {{ millrace.identity_state(this, 'decision') }}
    where kind = 'pin' and withdrawn_at is null
  )`;

const columns = "profile_id, trait, value, rule, source, record_key, seen_at, losing_values";

/** The golden records as dbt models: traits and pins are chosen and staged, identifiers are read where they stand. */
export function compileGolden(config: IdentityConfig, from: string): readonly CompiledFile[] {
  const file = (name: string, text: string): CompiledFile => ({ path: `${folder}/${name}`, from, text });
  const view = (query: string) => `{{ config(materialized='millrace_identity_view') }}
-- depends_on: {{ ref('identity_published') }}
${atPointer}

${query}
`;
  const values = [stagedAtPointer("profile_id, trait, value"), identifierValues(config)].filter(
    (each) => each !== null,
  );
  const golden = goldenQuery(
    config,
    "(select profile_id from {{ ref('profile') }} where status = 'active')",
    `(\n  ${values.join("\n  union all\n  ")}\n)`,
  );
  return [
    file(
      "identity_golden.sql",
      `{{ config(materialized='millrace_identity_golden', meta={'millrace': ${jinja({ traits: traitSources(config) })}}, pre_hook="{{ millrace.identity_session() }}") }}
-- depends_on: {{ ref('identity_resolution') }}

${staged(config)}
`,
    ),
    file("profile_golden_provenance.sql", view(provenance(config))),
    file("profile_golden.sql", view(golden)),
    file("golden.yml", properties(config)),
  ];
}

/** [name, ttl in seconds or null] of the sources whose records say something of traits. */
const traitSources = ({ sources }: IdentityConfig) =>
  sources.filter(({ traits }) => Object.keys(traits).length > 0).map(({ name, ttlSeconds }) => [name, ttlSeconds]);

function staged(config: IdentityConfig): string {
  const inputs = {
    component: "{{ millrace.identity_golden_component(this) }}",
    record: "{{ ref('identity_record') }}",
    pin: pins,
  };
  if (identityTraits(config).length > 0) return valueQuery(config, inputs);
  return `select profile_id, trait, value, rule, source, record_key, seen_at, cast(null as {{ dbt.type_string() }}) as losing_values
from (
  ${pinnedSelect(inputs, goldenNamespaces(config)) ?? ""}
) as pinned`;
}

function provenance(config: IdentityConfig): string {
  const identifiers = identifierProvenance(config);
  if (identifiers === null) return stagedAtPointer(columns);
  const names = goldenNamespaces(config).map(text).join(", ");
  return `${stagedAtPointer(columns)} and trait not in (${names})
union all
select ${columns}
from (
${identifiers}
) as identifiers`;
}

function properties(config: IdentityConfig): string {
  const toProfile = { relationships: { arguments: { to: "ref('profile')", field: "profile_id" } } };
  const golden = [
    {
      name: "profile_golden",
      description: "One row per active profile, one column per namespace and trait: the value that survived.",
      columns: [
        {
          name: "profile_id",
          description: "the profile, issued once and for ever",
          data_tests: ["unique", "not_null", toProfile],
        },
        ...goldenNamespaces(config).map((name) => ({
          name,
          description: `the best ${name} of the profile's own, normalised; NULL: it has none`,
        })),
        ...identityTraits(config).map((name) => ({ name, description: `${name} as text; NULL: nobody says` })),
      ],
    },
  ];
  const staged = [
    { name: "identity_golden", description: "Golden records of the newest identity run, published or not." },
    {
      name: "profile_golden_provenance",
      description:
        "Where each value of profile_golden comes from: one row per profile and namespace or trait that a source says.",
      data_tests: [oneRowPer("profile_golden_provenance", ["profile_id", "trait"])],
      columns: [
        { name: "profile_id", description: "the profile", data_tests: ["not_null", toProfile] },
        { name: "trait", description: "a trait or a namespace of identity.yml", data_tests: ["not_null"] },
        { name: "value", description: "the winner; NULL where the record that won a bundle leaves the trait empty" },
        {
          name: "rule",
          description:
            "what decided: a rule of survivorship; `only_value`; `tie_break`: source, key and value; `pinned`",
          data_tests: ["not_null"],
        },
        { name: "source", description: "whose word it is; `decision` where it was pinned", data_tests: ["not_null"] },
        { name: "record_key", description: "the record of that source" },
        { name: "seen_at", description: "when it was seen; of a pin: when it was decided" },
        { name: "losing_values", description: "the other values, each with a source of it, the best first" },
      ],
    },
  ];
  const models = [...golden, ...staged];
  return stringify({ version: 2, models }, { lineWidth: 0 });
}
