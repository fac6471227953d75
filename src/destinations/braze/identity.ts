import type { Change } from "../../core/change.ts";
import { ConfigError } from "../../core/errors.ts";
import type { Row } from "../../core/value.ts";
import type { TargetSync } from "../connector.ts";
import { identifierText } from "../identified.ts";

/** What finds a user, the strongest first. Braze itself prefers email to phone where an object has both. https://www.braze.com/docs/api/endpoints/user_data/post_user_track/ */
export const identifiers = ["external_id", "braze_id", "user_alias", "email", "phone"] as const;
export type Identifier = (typeof identifiers)[number];

export interface Identity {
  readonly by: Identifier;
  /** Of `user_alias`. */
  readonly label: string | undefined;
}

/** The identifier of `match` that finds the user; others there may be email and phone, which are written. */
export function identityOf(options: { readonly alias_label?: string | undefined }, sync: TargetSync): Identity {
  const by = identifiers.find((name) => sync.match.includes(name)) ?? "external_id";
  const label = options.alias_label;
  // An empty match is refused by the configuration already (needsMatch).
  if (sync.match.length === 0) return { by, label };
  const others = sync.match.filter((name) => name !== by && name !== "email" && name !== "phone");
  if (others.length > 0) {
    throw new ConfigError(`sync "${sync.name}": Braze finds a user by one of ${identifiers.join(", ")}`, {
      hint: `Keep ${by} in \`match\`; email and phone may stand beside it.`,
    });
  }
  if ((by === "user_alias") !== (label !== undefined)) {
    throw new ConfigError(`sync "${sync.name}": user_alias and alias_label go together`, {
      hint: "A Braze alias has a name, from `match: {user_alias: …}`, and a label, from `to: {alias_label: …}`.",
    });
  }
  return { by, label };
}

/** The identifying members of an object of a request. */
export function identifying(change: Change, { by, label }: Identity, value: string): Row {
  const others = Object.entries(change.match).filter(([name, other]) => name !== by && identifierText(other) !== null);
  const own: Row = by === "user_alias" ? { user_alias: aliasOf(value, label) } : { [by]: value };
  return { ...Object.fromEntries(others), ...own };
}

export const aliasOf = (value: string, label: string | undefined): Row => ({
  alias_name: value,
  alias_label: label ?? "",
});

/** Braze compares addresses without case. */
export const foldedBy = (by: Identifier) => (text: string) => (by === "email" ? text.toLowerCase() : text);
