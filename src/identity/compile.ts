import type { CompiledFile } from "../core/compiled.ts";
import type { IdentityConfig } from "../core/identity.ts";
import { declaration } from "./declaration.ts";
import { compileGolden } from "./golden/compile.ts";
import { jinja } from "./jinja.ts";
import { compileMatching } from "./matching/compile.ts";
import { published } from "./published-models.ts";
import { recordModel } from "./record-model.ts";
import { schemaFile } from "./schema-file.ts";

const from = "identity.yml";

/** What identity.yml declares as dbt models, below `models/millrace/identity/`. */
export function compileIdentity(config: IdentityConfig | null): readonly CompiledFile[] {
  if (config === null) return [];
  const file = (name: string, text: string): CompiledFile => ({ path: `identity/${name}`, text, from });
  return [
    file("identity_record.sql", recordModel(config)),
    file("identity_resolution.sql", resolutionModel(config)),
    file("identity_published.sql", publishingModel(config)),
    ...published.map(({ name }) => file(`${name}.sql`, publishedModel(name))),
    file("identity.yml", schemaFile(config)),
    ...(config.matching === null ? [] : compileMatching(config.matching, from)),
    ...compileGolden(config, from),
  ];
}

/** Works out who is who, and stages it; nothing shows before `identity_published`. */
function resolutionModel(config: IdentityConfig): string {
  const matched = config.matching === null ? "" : "-- depends_on: {{ ref('identity_match_edge') }}\n";
  return `{% set declaration = ${jinja(declaration(config))} %}
{{ config(materialized='millrace_identity', meta={'millrace': declaration}, pre_hook="{{ millrace.identity_session() }}") }}
${matched}select * from {{ ref('identity_record') }}
`;
}

/** Moves the pointer that all published views read, unless the brake holds it. */
function publishingModel(config: IdentityConfig): string {
  const { merges, largest } = config.guards.brake;
  return `{{ config(materialized='millrace_identity_pointer', meta={'millrace': ${jinja({ merges, largest })}}) }}
-- depends_on: {{ ref('identity_golden') }}
select * from {{ ref('identity_resolution') }}
`;
}

const publishedModel = (name: string): string => `{{ config(materialized='millrace_identity_view') }}
-- depends_on: {{ ref('identity_published') }}
{{ millrace.identity_view(${jinja(name)}, this) }}
`;
