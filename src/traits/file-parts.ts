import { type TraitFile, traitModel } from "../core/declared.ts";
import type { RowRoom } from "../core/row-room.ts";
import type { ProfileKeys } from "../rules/rows.ts";
import { cut, fits, type Part, partNames, partsViewSql, steadyWidths, widestValue, widthInFile } from "./parts.ts";
import { isAggregate, steadyTraits, traitFileSql } from "./trait-file.ts";

/** A part of a file's table: the file with some of its traits. */
export interface FilePart extends Part {
  readonly file: TraitFile;
}

/**
 * The parts of a file's table where one row has no room for its traits; null: it has. Each is a scan of the rows, so they are as few as
 * can be.
 */
export function fileParts(
  file: TraitFile,
  keys: ProfileKeys,
  room: RowRoom | undefined,
  taken: ReadonlySet<string>,
): readonly FilePart[] | null {
  const traits = file.traits.filter(isAggregate);
  const beside = [widestValue, ...(steadyTraits(file, keys) === null ? [] : steadyWidths)];
  if (room === undefined || fits([...beside, ...traits.map(widthInFile)], room)) return null;
  const groups = cut(traits, { beside, widthOf: widthInFile, bytes: room.bytes });
  const names = partNames(traitModel(file), groups.length, taken);
  return groups.map((group, i) => {
    const part = { ...file, traits: group };
    return { model: names[i] ?? "", names: group.map(({ name }) => name), text: traitFileSql(part, keys), file: part };
  });
}

/** The file's table as the view of its parts. */
export function filePartsViewSql(file: TraitFile, keys: ProfileKeys, parts: readonly Part[]): string {
  const steady = steadyTraits(file, keys) === null ? [] : ["has_rows", "evaluated_at"];
  const header = `Traits of ${file.source.model}: one row per profile that has rows there, from the parts that hold them.`;
  return partsViewSql(header, parts, [...parts.flatMap(({ names }) => names), ...steady]);
}
