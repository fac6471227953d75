import type { SourceMap } from "./source.ts";

/** One file of events/, traits/ or segments/, as far as it could be read. */
export interface DeclaredFile<T> {
  readonly file: string;
  readonly root: SourceMap;
  /** As written; it may have faults. */
  readonly data: unknown;
  readonly value: T | undefined;
}

/** Keys of a mapping, as far as there is one. */
export const keysOf = (value: unknown): string[] =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
