import type { Declarations, TraitDeclaration, TraitFile } from "../core/declared.ts";
import { traitsNamed, wordsOf } from "../core/traits-named.ts";
import { comment } from "../rules/literal.ts";
import type { ProfileKeys } from "../rules/rows.ts";
import { columns, ref, withTables } from "../rules/text.ts";
import { cut, fits, type Part, partNames, widestValue, widthOf } from "./parts.ts";
import {
  filesWithTables,
  levels,
  type ProfileColumns,
  profileColumnsQuery,
  profilesQuery,
  profileTraits,
  traitsOf,
} from "./profile-traits.ts";
import { isAggregate } from "./trait-file.ts";

/** A column of `profile_traits`: of the golden record, read off a file's table, or computed. */
type Column =
  | { readonly kind: "golden"; readonly name: string }
  | { readonly kind: "read"; readonly name: string; readonly trait: TraitDeclaration; readonly file: TraitFile }
  | { readonly kind: "computed"; readonly name: string; readonly trait: TraitDeclaration };

/**
 * The parts of `profile_traits` where one row has no room for it; null: it has. The first part has everybody and the golden record: it is
 * narrow, because every query reads it. No part has rows so long that their longest values are moved out of them: those would be the ids,
 * by which parts are joined.
 */
export function profileParts(
  declared: Declarations,
  keys: ProfileKeys,
  taken: ReadonlySet<string>,
): readonly Part[] | null {
  const { room } = declared;
  const golden = (declared.golden ?? []).map((name): Column => ({ kind: "golden", name }));
  const traits = traitColumns(declared);
  if (room === undefined || fits([widestValue, ...[...golden, ...traits].map(widthOfColumn)], room)) return null;
  const cutting = { beside: [widestValue], widthOf: widthOfColumn, bytes: room.compactBytes };
  const [first = [], ...more] = cut(golden, cutting);
  const groups: (readonly Column[])[] = [first, ...more, ...cut(traits, cutting)];
  const names = partNames(profileTraits, groups.length, taken);
  const [everybody = ""] = names;
  const earlier = new Map<string, string>();
  return groups.map((group, i) => {
    const model = names[i] ?? "";
    const query: ProfileColumns = {
      everybody: i === 0 ? profilesQuery(declared, keys) : `select profile_id from ${ref(everybody)}`,
      golden: group.some(({ kind }) => kind === "golden") ? namesOf(group, "golden") : null,
      files: byFile(group),
      beside: besideOf(group, earlier),
      levels: levels(group.flatMap((column) => (column.kind === "computed" ? [column.trait] : []))),
    };
    for (const { name } of group) earlier.set(name, model);
    const own = group.map(({ name }) => name);
    const { tables, last } = profileColumnsQuery(query, keys);
    const header = comment(`Part ${i + 1} of ${groups.length} of ${profileTraits}: one row per profile.`);
    const select = `select\n${columns(["profile_id", ...own])}\nfrom ${last}`;
    return { model, names: own, text: `-- ${header}\n${withTables(tables, select)}` };
  });
}

/** As they stand in `profile_traits`: what is computed comes after what it is computed from. */
const traitColumns = (declared: Declarations): Column[] => [
  ...filesWithTables(declared).flatMap((file) =>
    file.traits.filter(isAggregate).map((trait): Column => ({ kind: "read", name: trait.name, trait, file })),
  ),
  ...levels(traitsOf(declared))
    .flat()
    .map((trait): Column => ({ kind: "computed", name: trait.name, trait })),
];

const widthOfColumn = (column: Column): number => (column.kind === "golden" ? widestValue : widthOf(column.trait));

const namesOf = (group: readonly Column[], kind: Column["kind"]): string[] =>
  group.flatMap((column) => (column.kind === kind ? column.name : []));

function byFile(group: readonly Column[]): ProfileColumns["files"] {
  const files = new Map<TraitFile, TraitDeclaration[]>();
  for (const column of group) {
    if (column.kind !== "read") continue;
    files.set(column.file, [...(files.get(column.file) ?? []), column.trait]);
  }
  return [...files].map(([file, traits]) => ({ file, traits }));
}

/** What the group computes its traits from and earlier parts have. An expression that dbt renders may name anything. */
function besideOf(group: readonly Column[], earlier: ReadonlyMap<string, string>): ProfileColumns["beside"] {
  const models = new Map<string, string[]>();
  const computed = group.flatMap((column) => (column.kind === "computed" ? [column.trait] : []));
  const texts = computed.flatMap(({ rule }) => (rule.kind === "expression" ? rule.text : []));
  const everything = texts.some((text) => /\{[{%]/.test(text));
  // Words in quotes, too: a column more is harmless.
  const words = new Set([...computed.flatMap(({ rule }) => traitsNamed(rule)), ...texts.flatMap(wordsOf)]);
  for (const [name, model] of earlier) {
    if (everything || words.has(name)) models.set(model, [...(models.get(model) ?? []), name]);
  }
  return [...models].map(([model, names]) => ({ model, names }));
}
