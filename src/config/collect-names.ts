import { ownColumns, type ValueType } from "../core/declared.ts";
import { type DeclaredFile, keysOf } from "./declared-file.ts";
import type { SegmentYaml, TraitsYaml } from "./declared-schema.ts";
import { error, type Fault, type Place } from "./fault.ts";
import { pick } from "./materialise.ts";
import { sourceKeys, traitEntries, traitType } from "./read-traits.ts";
import { keyAt, placeAt } from "./source.ts";
import { wordFault } from "./words.ts";

/** Names of traits with their types, also of files that have faults. */
export function traitNames(
  files: readonly DeclaredFile<TraitsYaml>[],
  golden: readonly string[],
  faults: Fault[],
): Map<string, ValueType> {
  const names = new Map<string, ValueType>(golden.map((name) => [name, "unknown"]));
  const first = new Map<string, Place>();
  const add = (name: string, type: ValueType, place: Place): void => {
    const taken = first.get(name);
    const message = ownColumns.includes(name)
      ? `${name} is a column that the table of the traits has for itself`
      : golden.includes(name)
        ? `identity.yml already gives profiles a column "${name}"`
        : taken !== undefined
          ? `the trait "${name}" is there already, in ${taken.file}:${taken.line}`
          : undefined;
    if (message !== undefined) faults.push(error(place, message, "give one of them another name"));
    first.set(name, place);
    names.set(name, type);
  };
  for (const { root, data, value } of files) {
    if (value === undefined) {
      for (const name of keysOf(pick(data, ["traits"]))) {
        if (!sourceKeys.some((key) => key === name)) names.set(name, "unknown");
      }
      continue;
    }
    for (const { name, yaml, path } of traitEntries(value.traits)) {
      if (!/^[a-z][a-z0-9_]{0,49}$/.test(name)) {
        const mend = "it becomes a column: a letter a–z, then a–z, 0–9 and _, at most 50 characters";
        faults.push(error(keyAt(root, path), `"${name}" cannot be a trait's name`, mend));
      }
      const word = wordFault(name);
      if (word !== undefined) faults.push(error(keyAt(root, path), word, "give the trait another name"));
      add(name, traitType(yaml), keyAt(root, path));
    }
  }
  return names;
}

/** Names of segments and stages, also of files that have faults. */
export function segmentNames(files: readonly DeclaredFile<SegmentYaml>[], faults: Fault[]): Set<string> {
  const first = new Map<string, Place>();
  const reserved = /^(segment_|profile_|event_counts|event_sequences|trait_history|traits__)/;
  for (const { root, data } of files) {
    const own = pick(data, ["segment"]);
    const written = [
      ...(typeof own === "string" ? [{ name: own, place: placeAt(root, ["segment"]) }] : []),
      ...keysOf(pick(data, ["stages"])).map((name) => ({ name, place: keyAt(root, ["stages", name]) })),
    ];
    for (const { name, place } of written) {
      const taken = first.get(name);
      if (reserved.test(name)) {
        faults.push(
          error(
            place,
            `"${name}" begins like the models that Millrace compiles beside the segments`,
            "give it another name",
          ),
        );
      } else if (taken !== undefined) {
        faults.push(
          error(
            place,
            `the segment "${name}" is there already, in ${taken.file}:${taken.line}`,
            "give one of them another name",
          ),
        );
      }
      first.set(name, place);
    }
  }
  return new Set(first.keys());
}
