import type { CompiledFile } from "../core/compiled.ts";
import { type Declarations, type TraitDeclaration, type TraitFile, traitModel } from "../core/declared.ts";
import { type ProfileKeys, profileKeys } from "../rules/rows.ts";
import { steadyConfig, steadySettings } from "../rules/steady.ts";
import { type ModelProperties, propertiesFile } from "../rules/text.ts";
import { fileParts, filePartsViewSql } from "./file-parts.ts";
import { historyOf, traitHistory, traitHistoryColumns, traitHistorySql } from "./history-sql.ts";
import { type Part, partConfig, partsViewSql } from "./parts.ts";
import { profileParts } from "./profile-parts.ts";
import { filesWithTables, profileTraits, profileTraitsSql, traitsOf } from "./profile-traits.ts";
import { isAggregate, steadyTraits, traitFileSql } from "./trait-file.ts";

/**
 * The traits as dbt models: one per file, which scans its table once, and one that joins them all. Where a row of the engine has no room
 * for one's columns, that model is a view of parts.
 */
export function compileTraits(declared: Declarations): CompiledFile[] {
  if (declared.traitFiles.length + declared.segments.length === 0) return [];
  const keys = profileKeys(declared);
  const from = declared.traitFiles[0]?.file ?? declared.segments[0]?.origin.file ?? "";
  const taken = new Set(declared.traitFiles.map(traitModel));
  const models = [
    ...filesWithTables(declared).flatMap((file) => modelsOfFile(file, declared, keys, taken)),
    ...modelsOfProfiles(declared, keys, taken, from),
  ];
  const kept = historyOf(declared);
  if (kept.length > 0) {
    const properties = {
      name: traitHistory,
      description: `What traits were and when: ${kept.map(({ name }) => name).join(", ")}. A row per profile, trait and time it had one value, [valid_from, valid_to).`,
      columns: traitHistoryColumns,
    };
    models.push({ properties, text: traitHistorySql(kept), from });
  }
  return [
    ...models.map(({ properties: { name }, text, from }) => ({ path: `traits/${name}.sql`, text, from })),
    { path: "traits/traits.yml", text: propertiesFile(models.map(({ properties }) => properties)), from },
  ];
}

interface Model {
  readonly properties: ModelProperties;
  readonly text: string;
  readonly from: string;
}

function modelsOfFile(file: TraitFile, { room }: Declarations, keys: ProfileKeys, taken: Set<string>): Model[] {
  const steady = steadyTraits(file, keys) !== null;
  const parts = fileParts(file, keys, room, taken);
  for (const { model } of parts ?? []) taken.add(model);
  const name = traitModel(file);
  const whole = {
    name,
    description: `Traits of ${file.source.model}, from one scan of it: one row per profile that has rows there. Declared in ${file.file}.`,
    columns: [profileId, ...file.traits.filter(isAggregate).map(describe)],
  };
  if (parts === null) {
    const config = steady ? steadyConfig : table;
    return [{ properties: whole, text: `${config}\n\n${traitFileSql(file, keys)}`, from: file.file }];
  }
  const description = `Traits of ${file.source.model}, as the view of ${parts.length} parts: one row per profile that has rows there. Declared in ${file.file}.`;
  return [
    ...parts.map((part, i) => partModel(part, i, name, steady ? steadySettings : tableSettings, file.file)),
    {
      properties: { ...whole, description },
      text: `${view}\n\n${filePartsViewSql(file, keys, parts)}`,
      from: file.file,
    },
  ];
}

function modelsOfProfiles(
  declared: Declarations,
  keys: ProfileKeys,
  taken: ReadonlySet<string>,
  from: string,
): Model[] {
  const golden = (declared.golden ?? []).map((name) => ({ name, description: "Of the golden record." }));
  const properties = {
    name: profileTraits,
    description: "One row per profile: the golden record and every trait.",
    columns: [profileId, ...golden, ...traitsOf(declared).map(describe)],
  };
  const parts = profileParts(declared, keys, taken);
  if (parts === null) return [{ properties, text: `${table}\n\n${profileTraitsSql(declared, keys)}`, from }];
  const shown = parts.flatMap(({ names }) => names);
  return [
    ...parts.map((part, i) => partModel(part, i, profileTraits, tableSettings, from)),
    { properties, text: `${view}\n\n${partsViewSql(properties.description, parts, shown)}`, from },
  ];
}

function partModel({ model, text, names }: Part, i: number, whole: string, settings: string, from: string): Model {
  const properties = {
    name: model,
    description: `Part ${i + 1} of ${whole}, which a row of the warehouse has no room for: ${names.length} of its columns. Read ${whole}.`,
    columns: [{ ...profileId, tests: ["not_null"] }],
  };
  return { properties, text: `${partConfig(settings)}\n\n${text}`, from };
}

const tableSettings = "materialized='table'";
const table = `{{ config(${tableSettings}) }}`;
const view = "{{ config(materialized='view') }}";

const profileId = { name: "profile_id", description: "The profile.", tests: ["unique", "not_null"] };

function describe({ name, rule, within, where }: TraitDeclaration) {
  const of = "column" in rule && rule.column !== null ? ` of ${rule.column}` : "";
  const window = within === undefined ? "" : ` in the last ${within.count} ${within.unit}s`;
  const only = where.length === 0 ? "" : ", of some rows";
  return { name, description: `${rule.kind.replaceAll("_", " ")}${of}${window}${only}` };
}
