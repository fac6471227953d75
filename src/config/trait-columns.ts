import { ownColumns, type TraitDeclaration } from "../core/declared.ts";
import type { RowRoom } from "../core/row-room.ts";
import { error, type Fault } from "./fault.ts";
import { child, type SourceMap, type SourceNode } from "./source.ts";

/**
 * The engines that millrace.yml names, without asking for its variables. Compiled models are files in git, the same whatever the
 * environment: what is Postgres in one of them must have room there.
 */
export function enginesOf(written: SourceMap): string[] {
  const environments = child(written, "environments");
  const places: readonly (SourceNode | undefined)[] = [
    written,
    ...(environments?.kind === "map" ? [...environments.entries.values()].map(({ node }) => node) : []),
  ];
  return places.flatMap((place) => {
    const type = child(child(place, "warehouse"), "type");
    return type?.kind === "scalar" ? type.text : [];
  });
}

/** `profile_traits` has the golden record's columns and all traits: the first trait that it has no room for, as a table or as a view. */
export function columnFaults(
  room: RowRoom | undefined,
  golden: readonly string[],
  traits: readonly TraitDeclaration[],
): Fault[] {
  if (room === undefined) return [];
  // A file's own table has these beside its traits, and may have all of them.
  const most = Math.max(0, room.columns - ownColumns.length - golden.length);
  const beyond = traits[most];
  if (beyond === undefined) return [];
  const record = golden.length === 0 ? "" : `, ${golden.length} of the golden record`;
  const message = `profile_traits has no room for "${beyond.name}" and what follows, ${traits.length - most} of ${traits.length} traits: ${room.engine} ends at ${room.columns} columns of a table or a view (${ownColumns.length} of Millrace's own${record})`;
  const mend =
    "leave out traits that nobody reads, or make segments of the rarest by a dbt model (`model:` in segments/)";
  return [error({ ...beyond.origin, column: 1 }, message, mend)];
}
