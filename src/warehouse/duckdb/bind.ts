import type { DuckDBPreparedStatement } from "@duckdb/node-api";
import type { Value } from "../../core/value.ts";

/** Binds values in order; lists and objects as their JSON text. */
export function bind(prepared: DuckDBPreparedStatement, values: readonly Value[]): void {
  for (const [i, value] of values.entries()) {
    if (typeof value === "number" && !Number.isSafeInteger(value)) prepared.bindDouble(i + 1, value);
    else if (typeof value === "object" && value !== null) prepared.bindVarchar(i + 1, JSON.stringify(value));
    else prepared.bindValue(i + 1, value);
  }
}
