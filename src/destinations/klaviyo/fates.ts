import type { RowFate } from "../../core/result.ts";
import { resultMissing as missing, rejected } from "../fates.ts";

export const noIdentifier: RowFate = rejected("MATCH_MISSING", "no email, phone_number or external_id has a value");

export const notFound: RowFate = rejected(
  "NOT_FOUND",
  "no profile with this identifier, and this sync never creates one",
);

export const resultMissing = missing("Klaviyo");
