import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { FieldType } from "../../core/sync.ts";
import type { Row } from "../../core/value.ts";
import type { TargetSync } from "../connector.ts";
import { rejected } from "../fates.ts";
import { type Identified, longText } from "../identified.ts";
import type { Identifier } from "./identity.ts";

/** Options of every target that writes profiles. */
export const profileOptions = {
  /** Keep the members of a nested field that the new value does not have. */
  merge_nested_objects: z.boolean().default(false),
};

/** https://support.iterable.com/hc/en-us/articles/217744303 */
export const knownFields: Readonly<Record<string, FieldType>> = {
  firstName: "text",
  lastName: "text",
  phoneNumber: "text",
  timeZone: "text",
  locale: "text",
};

/** Iterable keeps these itself, or they mean more than a profile's field: consent and membership. */
const managed = new Set([
  "email",
  "userId",
  "emailListIds",
  "itblInternal",
  "profileUpdatedAt",
  "signupDate",
  "signupSource",
  "subscribedMessageTypeIds",
  "unsubscribedChannelIds",
  "unsubscribedMessageTypeIds",
]);

export function checkProfileFields(sync: TargetSync): void {
  const wrong = sync.fields.find((name) => managed.has(name.split(".")[0] ?? ""));
  if (wrong === undefined) return;
  throw new ConfigError(`sync "${sync.name}": Iterable's field "${wrong}" is not one that a sync may write`, {
    hint: "Identifiers go into `match`, membership is the target `list`; subscriptions are left to Iterable.",
  });
}

/** "Approximately 32k characters": https://support.iterable.com/hc/en-us/articles/217744303 */
export const maxTextLength = 32_000;

export const tooLong = (fields: Row) => {
  const name = longText(fields, maxTextLength);
  return name === null ? null : rejected("TEXT_TOO_LONG", `${name} has more than ${maxTextLength} characters`);
};

/** A user of bulkUpdate and of lists/subscribe. */
export function toUser(
  { change, value }: Identified,
  by: Identifier,
  to: { readonly merge_nested_objects: boolean },
): Row {
  return {
    [by]: value,
    // Without it a userId that nobody has makes no user in projects that identify by email.
    ...(by === "userId" ? { preferUserId: true } : {}),
    ...(Object.keys(change.fields).length === 0 ? {} : { dataFields: change.fields }),
    ...(to.merge_nested_objects ? { mergeNestedObjects: true } : {}),
  };
}
