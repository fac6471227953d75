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

/** `from` and `where` of a model's rows with their profile_id; `filters` are further conditions. `source.` names the columns. */
export function rowsQuery(
  source: RowSource,
  select: readonly string[],
  filters: readonly string[],
  { identity, identifier }: ProfileKeys,
): string {
  const { namespace, column } = source.profile;
  const resolved = identity === "resolved";
  const profile = resolved ? "identifiers.profile_id" : `source.${column}`;
  const lines = ["select", `    ${profile} as profile_id${select.length > 0 ? "," : ""}`];
  if (select.length > 0) lines.push(select.map((each) => `    ${each}`).join(",\n"));
  lines.push(`from ${ref(source.model)} as source`);
  if (resolved) {
    lines.push(
      `inner join ${ref("identity_component")} as identifiers`,
      `    on identifiers.namespace = '${namespace}'`,
      `    and identifiers.value = ${identifier(namespace, `source.${column}`)}`,
      // a quarantined cluster's assignment is an old one
      "    and identifiers.quarantined = 0",
    );
  }
  const conditions = [...(resolved ? [] : [`source.${column} is not null`]), ...filters];
  if (conditions.length > 0) lines.push(`where\n    ${conditions.join("\n    and ")}`);
  return lines.join("\n");
}

/** Rows that have happened by the run's instant. */
export const happened = (source: RowSource): string[] =>
  source.at === undefined ? [] : [`source.${source.at} < {{ millrace.as_of() }}`];

/** What may share a pass: the same rows of the same model for the same profiles. */
export const passOf = ({ model, profile, at, arrived }: RowSource): string =>
  [model, profile.namespace, profile.column, at ?? "", arrived ?? ""].join("|");
