import type { Change } from "../../core/change.ts";
import type { RowFate } from "../../core/result.ts";
import type { Row, Value } from "../../core/value.ts";
import { keyCharacter, noIdentifier } from "./fates.ts";

/** Multi-line text at its largest. https://learn.microsoft.com/en-us/power-apps/maker/data-platform/types-of-fields */
const maxTextCharacters = 1_048_576;

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export interface Identity {
  /** Columns of the alternate key, or the primary id alone. */
  readonly columns: readonly string[];
  readonly byId: boolean;
}

/**
 * What stands between the brackets of a row's address, or why there is none. Keys with these characters cannot be addressed:
 * https://learn.microsoft.com/en-us/power-apps/developer/data-platform/define-alternate-keys-entity
 */
export function keyOf(match: Row, identity: Identity): { readonly key: string } | RowFate {
  const parts: string[] = [];
  for (const column of identity.columns) {
    const value = match[column] ?? null;
    if (value === null || value === "" || typeof value === "object") return noIdentifier;
    if (identity.byId) return guid.test(String(value)) ? { key: String(value) } : noIdentifier;
    if (typeof value !== "string") parts.push(`${column}=${value}`);
    else if (/[/<>*%&:\\?+#\p{Cc}]/u.test(value)) return keyCharacter;
    else if (/^_\w+_value$/.test(column)) parts.push(`${column}=${encodeURIComponent(value)}`);
    else parts.push(`${column}='${encodeURIComponent(value.replaceAll("'", "''"))}'`);
  }
  return parts.length === 0 ? noIdentifier : { key: parts.join(",") };
}

/** Columns to write. The key's own columns come from the address, unless they are to change. */
export function toColumns(change: Change, identity: Identity, moved: boolean): Row {
  const others = Object.entries(change.match).filter(([name]) => moved || !identity.columns.includes(name));
  return Object.fromEntries([...others, ...Object.entries(change.fields)].map(([name, value]) => column(name, value)));
}

/** A lookup is set by a link and cleared by its bare name. https://learn.microsoft.com/en-us/power-apps/developer/data-platform/webapi/associate-disassociate-entities-using-web-api */
function column(name: string, value: Value): readonly [string, Value] {
  if (value === null && name.endsWith("@odata.bind")) return [name.slice(0, -"@odata.bind".length), null];
  return [name, plain(value)];
}

/** Choices of a multi-select column are parted by commas. */
function plain(value: Value): Value {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value) && value.every((item) => item === null || typeof item !== "object")) {
    return value.filter((item) => item !== null).join(",");
  }
  return JSON.stringify(value);
}

/** A row that can never fit, told without asking. */
export function tooLong(change: Change): RowFate | null {
  const long = Object.entries({ ...change.match, ...change.fields }).find(
    ([, value]) => typeof value === "string" && value.length > maxTextCharacters,
  );
  if (long === undefined) return null;
  const message = `${long[0]} has more than ${maxTextCharacters} characters`;
  return { status: "rejected", code: "TEXT_TOO_LONG", message };
}
