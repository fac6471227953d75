import type { Value } from "../../core/value.ts";
import { fieldValue } from "./payload.ts";

/** How a bulk file says «make it empty»; an empty cell leaves the field as it is. https://developer.salesforce.com/docs/platform/api-asynch/guide/datafiles-prepare-csv.html */
export const nullCell = "#N/A";

/** undefined: the row has no such field. */
export function cell(value: Value | undefined): string {
  if (value === undefined) return "";
  const flat = fieldValue(value);
  return flat === null || flat === "" ? nullCell : String(flat);
}
