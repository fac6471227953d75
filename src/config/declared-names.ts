import type { EventDeclaration, ValueType } from "../core/declared.ts";
import type { Fault, Place } from "./fault.ts";
import type { SourceMap, SourcePath } from "./source.ts";

/** What rules may name, from all files together; what a faulty file declares counts too, so that one fault stays one. */
export interface DeclaredNames {
  /** undefined: declared, in a file that has faults. */
  readonly events: ReadonlyMap<string, EventDeclaration | undefined>;
  readonly traits: ReadonlyMap<string, ValueType>;
  readonly segments: ReadonlySet<string>;
  /** Of identity.yml; null: it is not there, or nobody can tell. */
  readonly namespaces: ReadonlySet<string> | null;
}

/** Reading one file's conditions: the values come with their path, so that a fault finds its line. */
export interface RuleReading {
  readonly root: SourceMap;
  readonly names: DeclaredNames;
  readonly faults: Fault[];
  /** What a trait of unknown type was held against first, over all files. */
  readonly inferred: Map<string, { readonly type: ValueType; readonly place: Place }>;
  /** Segments that were named, for cycles. */
  readonly named: { readonly segment: string; readonly path: SourcePath }[];
}
