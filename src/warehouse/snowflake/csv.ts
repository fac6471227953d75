import type { ColumnType } from "../../core/relation.ts";
import type { Value } from "../../core/value.ts";

/** Text as every column type here reads it; lists, objects and all of a JSON column as JSON. */
export function fieldText(value: Value | undefined, type: ColumnType): string | null {
  if (value === null || value === undefined) return null;
  return type === "json" || typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A line of CSV as `CSV_FORMAT` reads it: NULL is nothing at all, everything else stands in quotes. */
export const csvLine = (fields: readonly (string | null)[]): string =>
  `${fields.map((field) => (field === null ? "" : `"${field.replaceAll('"', '""')}"`)).join(",")}\n`;

/**
 * EMPTY_FIELD_AS_NULL means fields without quotes, so '' stays apart from NULL; nothing else is NULL, and no backslash escapes.
 * https://docs.snowflake.com/en/sql-reference/sql/create-file-format#type-csv
 */
export const CSV_FORMAT =
  "(type = csv compression = gzip field_optionally_enclosed_by = '\"' escape_unenclosed_field = none null_if = () empty_field_as_null = true)";
