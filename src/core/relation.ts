/** A table or view in the warehouse. Names are unquoted and exact. */
export interface Relation {
  readonly database?: string;
  readonly schema: string;
  readonly name: string;
}

export type ColumnType = "text" | "int" | "float" | "decimal" | "bool" | "date" | "timestamp" | "json" | "bytes";

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}
