import { ConfigError } from "../core/errors.ts";
import type { TargetSync } from "./connector.ts";

/** Throws ConfigError for the first mapped field that `whose` (such as "Brevo events") do not have; the hint says which they have. */
export function onlyFields(
  sync: Pick<TargetSync, "name" | "fields">,
  whose: string,
  has: (field: string) => boolean,
  hint: string | ((strange: string) => string),
): void {
  const strange = sync.fields.find((field) => !has(field));
  if (strange === undefined) return;
  throw new ConfigError(`sync "${sync.name}": ${whose} have no field "${strange}"`, {
    hint: typeof hint === "string" ? hint : hint(strange),
  });
}
