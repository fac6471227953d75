import type { Declarations, RowSource } from "../core/declared.ts";
import { ref } from "./text.ts";

/** How a row leads to a profile: through identity where the project has it, else the column is the profile's id. */
export interface ProfileKeys {
  readonly identity: "resolved" | "none";
  /** SQL of an identifier as identity stores it. */
  readonly identifier: (namespace: string, column: string) => string;
  readonly timeZone: string;
}

export const profileKeys = ({
  golden,
  identifier = (_namespace, column) => column,
  timeZone,
}: Pick<Declarations, "golden" | "identifier" | "timeZone">): ProfileKeys => ({
  identity: golden === null ? "none" : "resolved",
  identifier,
  timeZone,
});

/** The profile of a row of `source`, where `rowSource` names the tables. */
export const profileColumn = ({ profile }: RowSource, { identity }: ProfileKeys): string =>
  identity === "resolved" ? "identifiers.profile_id" : `source.${profile.column}`;

/** What follows `from`: the model's rows (or those of `table`, a part of them) as `source`, and where identity leads from them to profiles. */
export function rowSource(
  { model, profile }: RowSource,
  { identity, identifier }: ProfileKeys,
  table = ref(model),
): string {
  if (identity === "none") return `${table} as source`;
  return [
    `${table} as source`,
    `inner join ${ref("identity_component")} as identifiers`,
    `    on identifiers.namespace = '${profile.namespace}'`,
    `    and identifiers.value = ${identifier(profile.namespace, `source.${profile.column}`)}`,
    // a quarantined cluster's assignment is an old one
    "    and identifiers.quarantined = 0",
  ].join("\n");
}

/** `from` and `where` of a model's rows with their profile_id; `filters` are further conditions. `source.` names the columns. */
export function rowsQuery(
  source: RowSource,
  select: readonly string[],
  filters: readonly string[],
  keys: ProfileKeys,
): string {
  const lines = ["select", `    ${profileColumn(source, keys)} as profile_id${select.length > 0 ? "," : ""}`];
  if (select.length > 0) lines.push(select.map((each) => `    ${each}`).join(",\n"));
  lines.push(`from ${rowSource(source, keys)}`);
  const known = keys.identity === "resolved" ? [] : [`source.${source.profile.column} is not null`];
  const conditions = [...known, ...filters];
  if (conditions.length > 0) lines.push(`where\n    ${conditions.join("\n    and ")}`);
  return lines.join("\n");
}

/** Rows that have happened by the run's instant. */
export const happened = (source: RowSource): string[] =>
  source.at === undefined ? [] : [`source.${source.at} < {{ millrace.as_of() }}`];

/** What may share a pass: the same rows of the same model for the same profiles. */
export const passOf = ({ model, profile, at, arrived }: RowSource): string =>
  [model, profile.namespace, profile.column, at ?? "", arrived ?? ""].join("|");
