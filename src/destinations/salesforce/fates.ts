import type { RowFate } from "../../core/result.ts";
import { resultMissing, retried } from "../fates.ts";

/** What becomes of a row that no result names: sent again where that is harmless, decided by a person where it is not. */
export const unmatched = (sendable: "again" | "once"): RowFate =>
  resultMissing("Salesforce", sendable === "once" ? "once" : "idempotent");

export const unprocessed = retried("UNPROCESSED", "Salesforce ended the job before it came to this row");
