import { ownColumns, type TraitDeclaration } from "../core/declared.ts";
import { error, type Fault } from "./fault.ts";
import { child, type SourceNode } from "./source.ts";

/**
 * How many columns a row has room for, where an engine ends before a project may. Postgres keeps a row in one page: 8,160 bytes are about
 * a thousand counts or fractions of eight bytes, long before its 1,600 columns.
 */
const mostColumns: ReadonlyMap<string, number> = new Map([["postgres", 980]]);

/** The engine that millrace.yml names, without asking for its variables. */
export function engineOf(root: SourceNode): string | undefined {
  const type = child(child(root, "warehouse"), "type");
  return type?.kind === "scalar" ? type.text : undefined;
}

/** `profile_traits` is one table of the golden record's columns and all traits: the first trait that it has no room for. */
export function columnFaults(
  engine: string | undefined,
  golden: readonly string[],
  traits: readonly TraitDeclaration[],
): Fault[] {
  const most = mostColumns.get(engine ?? "");
  if (most === undefined) return [];
  // A file's own table has these beside its traits, and may have all of them.
  const room = Math.max(0, most - ownColumns.length - golden.length);
  const beyond = traits[room];
  if (beyond === undefined) return [];
  const message = `profile_traits has no room for "${beyond.name}" and what follows: a row of ${engine} holds about ${most} values, and the golden record and ${room} traits fill it`;
  const mend =
    "leave out traits that nobody reads, or make segments of the rarest by a dbt model (`model:` in segments/)";
  return [error({ ...beyond.origin, column: 1 }, message, mend)];
}
