import type { Value } from "../../core/value.ts";
import { type RowError, rowError } from "./errors.ts";
import type { Field } from "./fields.ts";

const DATE = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const DATETIME = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/;
const EMAIL = /^[^\s@,;<>()[\]\\"]+@[^\s@.,;<>()[\]\\"]+(\.[^\s@.,;<>()[\]\\"]+)+$/;

/** Does the JSON value fit the field's type? When not, Salesforce cannot read the request at all (JSON_PARSER_ERROR). */
export function fitsJson(field: Field, value: Value): boolean {
  if (value === null) return true;
  switch (field.type) {
    case "boolean":
      return typeof value === "boolean" || value === "true" || value === "false";
    case "int":
    case "double":
    case "currency":
      return isNumber(value) && (field.type !== "int" || Number.isInteger(Number(value)));
    case "date":
      return typeof value === "string" && DATE.test(value.slice(0, 10));
    case "datetime":
      return typeof value === "string" && (DATETIME.test(value) || DATE.test(value));
    default:
      return typeof value !== "object";
  }
}

/** A cell of a bulk job's CSV as the field's type. Empty: leave alone (undefined). `#N/A`: null. */
export function cellValue(
  field: Field,
  cell: string,
): { readonly value: Value | undefined } | { readonly error: RowError } {
  if (cell === "") return { value: undefined };
  // https://developer.salesforce.com/docs/platform/api-asynch/guide/datafiles-csv-valid-record-rows.html
  if (cell === "#N/A") return { value: null };
  if (field.type === "boolean") {
    const truth = /^(true|1|yes|y|t)$/i.test(cell);
    if (truth || /^(false|0|no|n|f)$/i.test(cell)) return { value: truth };
  } else if (field.type === "int" || field.type === "double" || field.type === "currency") {
    if (isNumber(cell)) return { value: Number(cell) };
  } else if (fitsJson(field, cell)) {
    return { value: cell };
  }
  const message = `${field.name}: value not of required type: ${cell}`;
  return { error: rowError("INVALID_TYPE_ON_FIELD_IN_RECORD", message, [field.name]) };
}

/** What Salesforce turns down about a well-formed value, for that row alone. */
export function valueError(field: Field, value: Value): RowError | undefined {
  if (typeof value !== "string") return undefined;
  if (field.type === "email" && value !== "" && !EMAIL.test(value)) {
    return rowError("INVALID_EMAIL_ADDRESS", `${field.name}: invalid email address: ${value}`, [field.name]);
  }
  if (field.length > 0 && value.length > field.length) {
    const shown = value.length > 100 ? `${value.slice(0, 100)}...` : value;
    const message = `${field.name}: data value too large: ${shown} (max length=${field.length})`;
    return rowError("STRING_TOO_LONG", message, [field.name]);
  }
  return undefined;
}

function isNumber(value: Value): boolean {
  if (typeof value === "number") return true;
  return typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value));
}
