import { stringify } from "yaml";
import type { CompiledFile } from "../../core/compiled.ts";
import { type IdentityConfig, identityTraits } from "../../core/identity.ts";
import { goldenQuery } from "./golden-query.ts";
import { atPointer, identifierQuery } from "./identifier-query.ts";
import { goldenNamespaces } from "./subjects.ts";
import { valueQuery } from "./value-query.ts";

const folder = "identity";

/** Decisions that pin a trait's value: the first identifier says whose, the second one is `trait:` and the trait. */
const pins = `(
    select a_namespace as namespace, a_value as value, substring(b_namespace, 7) as trait, b_value as pinned_value, decided_at
    from {{ millrace.identity_state(this, 'decision') }}
    where kind = 'pin' and withdrawn_at is null
  )`;

/** Whether values of traits are chosen and staged; identifiers are only read. */
export const choosesTraits = (config: IdentityConfig): boolean => identityTraits(config).length > 0;

/** The golden records as dbt models. */
export function compileGolden(config: IdentityConfig, from: string): readonly CompiledFile[] {
  const file = (name: string, text: string): CompiledFile => ({ path: `${folder}/${name}`, from, text });
  const chosen = choosesTraits(config);
  const said = [
    ...(chosen ? ["select profile_id, trait, value from {{ ref('profile_golden_provenance') }}"] : []),
    identifierQuery(config),
  ].filter((query) => query !== null);
  const golden = goldenQuery(
    config,
    "(select profile_id from {{ ref('profile') }} where status = 'active')",
    `(\n  ${said.join("\n  union all\n  ")}\n)`,
  );
  return [
    ...(chosen ? stagedModels(config, file) : []),
    file("profile_golden.sql", `{{ config(materialized='millrace_identity_view') }}\n${atPointer}\n\n${golden}\n`),
    file("golden.yml", properties(config)),
  ];
}

function stagedModels(
  config: IdentityConfig,
  file: (name: string, text: string) => CompiledFile,
): readonly CompiledFile[] {
  const values = valueQuery(config, {
    component: "{{ millrace.identity_staged('component', this) }}",
    record: "{{ ref('identity_record') }}",
    pin: pins,
  });
  return [
    file(
      "identity_golden.sql",
      `{{ config(materialized='millrace_identity_golden', pre_hook="{{ millrace.identity_session() }}") }}
-- depends_on: {{ ref('identity_resolution') }}

${values}
`,
    ),
    file(
      "profile_golden_provenance.sql",
      `{{ config(materialized='millrace_identity_view') }}
-- depends_on: {{ ref('identity_published') }}

select profile_id, trait, value, rule, source, record_key, seen_at, losing_values
from {{ millrace.identity_state(this, 'state_golden') }}
where run = (select max(run) from {{ millrace.identity_state(this, 'state_pointer') }})
`,
    ),
  ];
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
      description: "Where each value of profile_golden comes from: one row per profile and trait that a source says.",
      columns: [
        { name: "profile_id", description: "the profile", data_tests: ["not_null", toProfile] },
        { name: "trait", description: "of identity.yml", data_tests: ["not_null"] },
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
  const models = [...golden, ...(choosesTraits(config) ? staged : [])];
  return stringify({ version: 2, models }, { lineWidth: 0 });
}
