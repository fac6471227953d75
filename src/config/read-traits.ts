import type { Filter, RowSource, TraitDeclaration, TraitFile, TraitRule, ValueType } from "../core/declared.ts";
import type { RuleReading } from "./declared-names.ts";
import { type TraitsYaml, type TraitYaml, traitKinds } from "./declared-schema.ts";
import { error, type Fault, warning } from "./fault.ts";
import { listed, meant } from "./nearest.ts";
import { readProfile } from "./read-profile.ts";
import { readFilters } from "./read-rule.ts";
import { keyAt, placeAt, type SourceMap, type SourcePath } from "./source.ts";
import { spanOf } from "./span.ts";
import { libraryFaults, libraryTraits } from "./trait-library.ts";
import { checkTrait } from "./trait-rules.ts";

/** Keys of `traits:` that say where the rows are; every other one is a trait. */
export const sourceKeys = ["from", "profile", "at", "key", "arrived", "where", "library", "history"] as const;

type TraitObject = Exclude<TraitYaml, string>;

/** The traits of a file as written, the library's among them: name, value, and the path that faults point at. */
export function traitEntries(yaml: TraitsYaml["traits"]): { name: string; yaml: TraitYaml; path: SourcePath }[] {
  const own = Object.entries(yaml).filter(([name]) => !sourceKeys.some((key) => key === name));
  const library = yaml.library === undefined ? [] : [...libraryTraits(yaml.library, yaml.at ?? "")];
  return [
    ...library.map(([name, trait]) => ({ name, yaml: trait, path: ["traits", "library"] })),
    ...own.map(([name, trait]) => ({ name, yaml: trait as TraitYaml, path: ["traits", name] })),
  ];
}

/** What a trait holds, by how it is computed. */
export function traitType(yaml: TraitYaml): ValueType {
  if (typeof yaml === "string") return "unknown";
  if (yaml.as !== undefined) return yaml.as;
  const numbers = ["count", "sum", "average", "distinct", "days_since", "median_gap", "ratio", "score"] as const;
  return numbers.some((kind) => yaml[kind] !== undefined) ? "number" : "unknown";
}

export function readTraitFile(file: string, { traits: yaml }: TraitsYaml, reading: RuleReading): TraitFile {
  const { root, faults } = reading;
  const source: RowSource = {
    model: yaml.from,
    profile: readProfile(yaml.profile, ["traits", "profile"], reading),
    at: yaml.at,
    key: yaml.key,
    arrived: yaml.arrived,
    where: readFilters(yaml.where, ["traits", "where"], reading),
  };
  if (yaml.library !== undefined && yaml.at === undefined) {
    faults.push(
      error(keyAt(root, ["traits", "library"]), "the library needs `at:`, the time of an order", "add `at: column`"),
    );
  }
  if (yaml.library !== undefined) faults.push(...libraryFaults(yaml.library, reading));
  const entries = traitEntries(yaml);
  const kept = Array.isArray(yaml.history) ? yaml.history : [];
  for (const [i, name] of kept.entries()) {
    if (entries.some((entry) => entry.name === name)) continue;
    const known = entries.map((entry) => entry.name);
    const place = placeAt(root, ["traits", "history", i]);
    faults.push(
      error(place, `the file has no trait "${name}" whose history could be kept`, meant(name, known, "traits")),
    );
  }
  const traits: TraitDeclaration[] = [];
  for (const { name, yaml: trait, path } of entries) {
    const read = readTrait(name, trait, path, source, reading);
    if (read === undefined) continue;
    const own = typeof trait === "string" ? undefined : trait.history;
    const wanted = own ?? kept.includes(name);
    if (wanted && read.rule.kind === "days_since") faults.push(dailyHistory(read, kept, path, root));
    // Of all traits of a file the days since something are left out: the day of it says the same in one row.
    const all = own === undefined && yaml.history === true && read.rule.kind !== "days_since";
    checkTrait(read, path, reading);
    traits.push({ ...read, history: wanted || all });
  }
  return { name: fileName(file), file, source, traits };
}

function dailyHistory({ name }: TraitDeclaration, kept: readonly string[], path: SourcePath, root: SourceMap): Fault {
  const place = kept.includes(name)
    ? placeAt(root, ["traits", "history", kept.indexOf(name)])
    : keyAt(root, [...path, "history"]);
  const message = `${name} changes every day for everybody: its history has a row per profile and day`;
  return warning(place, message, "keep the history of the day itself, e.g. { max: column, as: date }");
}

/** traits/shop/orders.yml is `orders`. */
export const fileName = (file: string): string => file.slice(file.lastIndexOf("/") + 1).replace(/\.ya?ml$/, "");

function readTrait(
  name: string,
  yaml: TraitYaml,
  path: SourcePath,
  source: RowSource,
  reading: RuleReading,
): TraitDeclaration | undefined {
  const { root } = reading;
  const own: TraitObject = typeof yaml === "string" ? { value: yaml } : yaml;
  const kinds = traitKinds.filter((kind) => own[kind] !== undefined);
  const [kind] = kinds;
  const place = keyAt(root, path);
  const fault = (message: string, mend: string, key?: string): undefined => {
    reading.faults.push(error(key === undefined ? place : keyAt(root, [...path, key]), message, mend));
  };
  if (kind === undefined)
    return fault(`the trait ${name} does not say how it is computed`, `add one of: ${traitKinds.join(", ")}`);
  if (kinds.length > 1)
    return fault(`the trait ${name} is computed in ${kinds.length} ways: ${listed(kinds)}`, "keep one", kinds[1]);
  const ofProfile = kind === "ratio" || kind === "expression" || kind === "score";
  for (const key of ["within", "where"] as const) {
    if (own[key] !== undefined && ofProfile)
      fault(`${key} has no meaning for ${kind}, which reads other traits`, "leave it out", key);
  }
  if (own.within !== undefined && source.at === undefined) {
    fault("within needs the time of a row", "add `at: column` to the file", "within");
  }
  if ((kind === "first" || kind === "last") && source.at === undefined) {
    fault(`${kind} needs the time of a row`, "add `at: column` to the file", kind);
  }
  const rule = ruleOf(kind, own);
  if (rule === undefined) return fault(`days_since names one column`, "write { max: column }", kind);
  const where: Filter[] = readFilters(own.where, [...path, "where"], reading);
  for (const needed of traitsNeeded(rule)) {
    if (reading.names.traits.has(needed)) continue;
    const at = kind === "ratio" || kind === "score" ? placeAt(root, [...path, kind]) : place;
    const known = [...reading.names.traits.keys()];
    reading.faults.push(error(at, `there is no trait "${needed}"`, meant(needed, known, "traits")));
  }
  return {
    name,
    rule,
    where,
    within: own.within === undefined ? undefined : spanOf(own.within),
    as: own.as,
    fallback: own.default,
    type: traitType(yaml),
    history: false,
    origin: { file: place.file, line: place.line },
  };
}

const traitsNeeded = (rule: TraitRule): string[] =>
  rule.kind === "ratio" ? [rule.of, rule.to] : rule.kind === "score" ? [rule.of] : [];

function ruleOf(kind: (typeof traitKinds)[number], yaml: TraitObject): TraitRule | undefined {
  switch (kind) {
    case "count":
      return { kind, column: yaml.count === "*" ? null : (yaml.count ?? null) };
    case "days_since": {
      const of = yaml.days_since ?? "";
      if (typeof of === "string") return { kind, of: "max", column: of };
      if ((of.max === undefined) === (of.min === undefined)) return undefined;
      return of.max === undefined ? { kind, of: "min", column: of.min ?? "" } : { kind, of: "max", column: of.max };
    }
    case "ratio":
      return { kind, of: yaml.ratio?.[0] ?? "", to: yaml.ratio?.[1] ?? "" };
    case "score":
      return { kind, of: yaml.score?.of ?? "", best: yaml.score?.best ?? "highest" };
    case "sql":
      return { kind, text: yaml.sql ?? "" };
    case "expression":
      return { kind, text: yaml.expression ?? "" };
    default:
      return { kind, column: yaml[kind] ?? "" };
  }
}
