import type { CompiledFile } from "../core/compiled.ts";
import type { Declarations, TraitDeclaration } from "../core/declared.ts";
import { profileKeys } from "../rules/rows.ts";
import { steadyConfig } from "../rules/steady.ts";
import { type ModelProperties, propertiesFile } from "../rules/text.ts";
import { historyOf, traitHistory, traitHistoryColumns, traitHistorySql } from "./history-sql.ts";
import { profileTraits, profileTraitsSql } from "./profile-traits.ts";
import { isAggregate, steadyTraits, traitFileSql, traitModel } from "./trait-file.ts";

/** The traits as dbt models: one per file, which scans its table once, and one that joins them all. */
export function compileTraits(declared: Declarations): CompiledFile[] {
  if (declared.traitFiles.length + declared.segments.length === 0) return [];
  const keys = profileKeys(declared);
  const files = declared.traitFiles.filter(({ traits }) => traits.some(isAggregate));
  const properties: ModelProperties[] = files.map((file) => ({
    name: traitModel(file),
    description: `Traits of ${file.source.model}, from one scan of it: one row per profile that has rows there. Declared in ${file.file}.`,
    columns: [profileId, ...file.traits.filter(isAggregate).map(describe)],
  }));
  const from = declared.traitFiles[0]?.file ?? declared.segments[0]?.origin.file ?? "";
  const all = declared.traitFiles.flatMap(({ traits }) => traits);
  const golden = (declared.golden ?? []).map((name) => ({ name, description: "Of the golden record." }));
  properties.push({
    name: profileTraits,
    description: "One row per profile: the golden record and every trait.",
    columns: [profileId, ...golden, ...all.map(describe)],
  });
  const kept = historyOf(declared);
  if (kept.length > 0) {
    properties.push({
      name: traitHistory,
      description: `What traits were and when: ${kept.map(({ name }) => name).join(", ")}. A row per profile, trait and time it had one value, [valid_from, valid_to).`,
      columns: traitHistoryColumns,
    });
  }
  return [
    ...files.map((file) => ({
      path: `traits/${traitModel(file)}.sql`,
      text:
        steadyTraits(file, keys) === null
          ? tabled(traitFileSql(file, keys))
          : `${steadyConfig}\n\n${traitFileSql(file, keys)}`,
      from: file.file,
    })),
    { path: `traits/${profileTraits}.sql`, text: tabled(profileTraitsSql(declared, keys)), from },
    ...(kept.length === 0 ? [] : [{ path: `traits/${traitHistory}.sql`, text: traitHistorySql(kept), from }]),
    { path: "traits/traits.yml", text: propertiesFile(properties), from },
  ];
}

const tabled = (text: string): string => `{{ config(materialized='table') }}\n\n${text}`;

const profileId = { name: "profile_id", description: "The profile.", tests: ["unique", "not_null"] };

function describe({ name, rule, within, where }: TraitDeclaration) {
  const of = "column" in rule && rule.column !== null ? ` of ${rule.column}` : "";
  const window = within === undefined ? "" : ` in the last ${within.count} ${within.unit}s`;
  const only = where.length === 0 ? "" : ", of some rows";
  return { name, description: `${rule.kind.replaceAll("_", " ")}${of}${window}${only}` };
}
