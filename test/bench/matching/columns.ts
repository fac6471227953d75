import type { ComparisonKind } from "../../../src/core/match-weights.ts";

/** What a set's columns are, by their names, as somebody who writes identity.yml would say. */
const kinds: readonly (readonly [RegExp, ComparisonKind | null])[] = [
  [/^cluster|^(rec|unique|source)?_?id$|_norm$/, null],
  [/^full_name$|^first_and_surname$|^name$/, null],
  [/given|first|fore|surname|last|family/, "name"],
  [/birth_?place|place_of_birth/, "text"],
  [/dob|birth|born|date/, "date"],
  [/post_?code|zip/, "code"],
  [/soc_sec|ssn|national|passport|loyalty|licen[cs]e/, "code"],
  [/mail/, "email"],
  [/phone|mobile|tel/, "phone"],
  [/street_number|house|state|gender|^sex$|occupation|country/, "exact"],
  [/suburb|city|town|place|county|region|address|street|road/, "text"],
];

export interface Compared {
  readonly trait: string;
  readonly kind: ComparisonKind;
}

/** Columns that are compared. What is not known by its name is left out. */
export function comparedColumns(columns: readonly string[]): readonly Compared[] {
  return columns.flatMap((trait) => {
    const kind = kinds.find(([pattern]) => pattern.test(trait.toLowerCase()))?.[1];
    return kind === undefined || kind === null ? [] : [{ trait, kind }];
  });
}
