import {
  type IdentityConfig,
  type IdentitySource,
  identityTraits,
  type Namespace,
  type Normaliser,
  namespaceColumns,
} from "../core/identity.ts";
import { column, jinja, text } from "./jinja.ts";

/**
 * `identity_record`: every source's records, their identifiers normalised: source, record_key, seen_at, from_future, a column
 * per namespace (further ones `_2`, `_3` where a source gives several), and `trait_…` per trait, all as text.
 */
export function recordModel(config: IdentityConfig): string {
  const sources = config.sources.map((source) => sourceQuery(source, config));
  const all = config.sources.map(({ name }) => `select * from ${recordsOf(name)}`);
  return `{{ config(materialized='table', pre_hook="{{ millrace.identity_session() }}") }}

with ${sources.join(",\n\n")}

${all.join("\nunion all\n")}
`;
}

function sourceQuery(source: IdentitySource, config: IdentityConfig): string {
  const seenAt = source.at === null ? null : `cast(${column(source.at)} as {{ dbt.type_timestamp() }})`;
  const limit = `{{ millrace.instant_plus(${config.guards.skewSeconds}, 'second', millrace.as_of()) }}`;
  const columns = [
    `${text(source.name)} as source`,
    `cast(${column(source.key)} as {{ dbt.type_string() }}) as record_key`,
    seenAt === null
      ? "cast(null as {{ dbt.type_timestamp() }}) as seen_at"
      : `case when ${seenAt} <= ${limit} then ${seenAt} end as seen_at`,
    seenAt === null ? "0 as from_future" : `case when ${seenAt} > ${limit} then 1 else 0 end as from_future`,
    ...config.namespaces.flatMap((namespace) => identifierColumns(source, namespace, config)),
    ...identityTraits(config).map((trait) => {
      const from = source.traits[trait];
      return `cast(${from === undefined ? "null" : column(from)} as {{ dbt.type_string() }}) as trait_${trait}`;
    }),
  ];
  const from = source.relation.kind === "model" ? `{{ ref(${jinja(source.relation.name)}) }}` : source.relation.name;
  return `${recordsOf(source.name)} as (
    select
        ${columns.join(",\n        ")}
    from ${from}
)`;
}

/** Not the source's bare name: where a table is named so too and is gone, the query would read itself, and the warehouse speak of recursion. */
const recordsOf = (source: string): string => `${source}_records`;

/** A value that a record gives twice is one identifier: the later column is left empty. */
function identifierColumns(source: IdentitySource, namespace: Namespace, config: IdentityConfig): string[] {
  const given = (source.identifiers[namespace.name] ?? []).map((name) => normalised(namespace.normalise, column(name)));
  return namespaceColumns(config, namespace.name).map((name, i) => {
    const value = given[i];
    if (value === undefined) return `cast(null as {{ dbt.type_string() }}) as ${name}`;
    const once = given.slice(0, i).reduce((inner, earlier) => `nullif(${inner}, ${earlier})`, value);
    return `${once} as ${name}`;
  });
}

export function normalised(normaliser: Normaliser, expression: string): string {
  const argument = jinja(expression.startsWith("{{") ? expression.slice(3, -3) : expression);
  const of = expression.startsWith("{{") ? expression.slice(3, -3) : argument;
  switch (normaliser.kind) {
    case "email":
      return `{{ millrace.normalise_email(${of}, drop_dots=${jinja(normaliser.dropDots)}, drop_tag=${jinja(normaliser.dropTag)}) }}`;
    case "phone":
      return `{{ millrace.normalise_phone(${of}, ${jinja(normaliser.country)}) }}`;
    default:
      return `{{ millrace.normalise_${normaliser.kind}(${of}) }}`;
  }
}
