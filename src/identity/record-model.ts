import {
  type IdentityConfig,
  type IdentitySource,
  identityTraits,
  type Namespace,
  type Normaliser,
  namespaceColumns,
} from "../core/identity.ts";
import { declaration } from "./declaration.ts";
import { column, jinja, text } from "./jinja.ts";

/**
 * `identity_record`: every source's records, their identifiers normalised: source, record_key, seen_at, from_future, a column
 * per namespace (further ones `_2`, `_3` where a source gives several), and `trait_…` per trait, all as text. Its query finds
 * only what changed since the last reading; the materialization keeps the rest.
 */
export function recordModel(config: IdentityConfig): string {
  const queries = config.sources.map((source) => sourceQuery(source, config));
  const found = config.sources.map(({ name }) => `select * from ${recordsOf(name)}`);
  const identifiers = identifierNames(config);
  const columns = [...identifiers, ...identityTraits(config).map((trait) => `trait_${trait}`)];
  const sizes = config.sources.map(
    (source) =>
      `{{ millrace.identity_source_size(${jinja(source.name)}, ${relation(source)}, ${jinja(source.key)}, ${columns.length}) }}`,
  );
  const { namespaces, sources } = declaration(config);
  const declared = { columns, identifiers: identifiers.length, rules: { namespaces, sources } };
  return `{% set declaration = ${jinja(declared)} %}
{{ config(materialized='millrace_identity_record', meta={'millrace': declaration}, pre_hook="{{ millrace.identity_session() }}") }}

with ${queries.join(",\n\n")}

${[...found, ...sizes].join("\nunion all\n")}
`;
}

function sourceQuery(source: IdentitySource, config: IdentityConfig): string {
  const seenAt = source.at === null ? null : `cast(${column(source.at)} as {{ dbt.type_timestamp() }})`;
  const limit = `{{ millrace.instant_plus(${config.guards.skewSeconds}, 'second', millrace.as_of()) }}`;
  const columns = [
    `${text(source.name)} as source`,
    "coalesce(reading_key, reading_kept) as record_key",
    seenAt === null
      ? "cast(null as {{ dbt.type_timestamp() }}) as seen_at"
      : `case when ${seenAt} <= ${limit} then ${seenAt} end as seen_at`,
    seenAt === null ? "0 as from_future" : `case when ${seenAt} > ${limit} then 1 else 0 end as from_future`,
    ...config.namespaces.flatMap((namespace) => identifierColumns(source, namespace, config)),
    ...identityTraits(config).map((trait) => {
      const from = source.traits[trait];
      return `cast(${from === undefined ? "null" : column(from)} as {{ dbt.type_string() }}) as trait_${trait}`;
    }),
    "reading_fp",
    "case when reading_kept is null then 0 else 1 end as reading_known",
  ];
  const read = [...new Set([...Object.values(source.identifiers).flat(), ...Object.values(source.traits)])];
  const told = [source.key, source.at, config.guards.skewSeconds, read].map(jinja).join(", ");
  return `${recordsOf(source.name)} as (
    select
        ${columns.join(",\n        ")}
    from {{ millrace.identity_due(this, ${jinja(source.name)}, ${relation(source)}, ${told}) }} as due
)`;
}

/** The source's table, as Jinja. */
const relation = ({ relation: { kind, name } }: IdentitySource): string =>
  kind === "model" ? `ref(${jinja(name)})` : jinja(name);

const identifierNames = (config: IdentityConfig): string[] =>
  config.namespaces.flatMap(({ name }) => namespaceColumns(config, name));

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
