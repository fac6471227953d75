import { ConfigError } from "../../core/errors.ts";
import type { TargetSync } from "../connector.ts";

/** What a workspace may identify people by; one of them in a request. https://customer.io/docs/api/track/#operation/batch */
export const identifiers = ["id", "email", "phone", "cio_id"] as const;
export type Identifier = (typeof identifiers)[number];

export function identifierOf(sync: TargetSync): Identifier {
  if (sync.match.length > 1) {
    throw new ConfigError(`sync "${sync.name}": Customer.io finds a person by one of ${identifiers.join(", ")}`, {
      hint: "Keep one of them in `match`; others may be attributes, in `fields`.",
    });
  }
  return identifiers.find((name) => sync.match.includes(name)) ?? "id";
}

/** Customer.io compares addresses without case. */
export const foldedBy = (by: Identifier) => (text: string) => (by === "email" ? text.toLowerCase() : text);
