import { ConfigError } from "../../core/errors.ts";
import type { TargetSync } from "../connector.ts";

/** https://support.iterable.com/hc/articles/29156459027348 */
export const identifiers = ["email", "userId"] as const;
export type Identifier = (typeof identifiers)[number];

/** A request names a user by one of them and not by both. */
export function identifierOf(sync: TargetSync): Identifier {
  if (sync.match.length > 1) {
    throw new ConfigError(`sync "${sync.name}": Iterable finds a user by email or by userId`, {
      hint: "Keep the one in `match` that identifies users of the project.",
    });
  }
  return sync.match[0] === "userId" ? "userId" : "email";
}

/** Iterable compares addresses without case. */
export const foldedBy = (by: Identifier) => (text: string) => (by === "email" ? text.toLowerCase() : text);
