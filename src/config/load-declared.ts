import { join } from "node:path";
import type { z } from "zod";
import {
  type Declarations,
  type EventDeclaration,
  type LifecycleDeclaration,
  ownColumns,
  type Rule,
  type SegmentDeclaration,
  type TraitFile,
  type ValueType,
} from "../core/declared.ts";
import type { DeclaredNames, RuleReading } from "./declared-names.ts";
import { eventsSchema, type SegmentYaml, segmentSchema, type TraitsYaml, traitsSchema } from "./declared-schema.ts";
import type { Env } from "./env.ts";
import { error, type Fault, type Place } from "./fault.ts";
import { asMapping, exists, readMapping, yamlFiles } from "./files.ts";
import { materialise, pick } from "./materialise.ts";
import { readFilters, readRule } from "./read-rule.ts";
import { readTraitFile, sourceKeys, traitEntries, traitType } from "./read-traits.ts";
import { child, keyAt, placeAt, type SourceMap, type SourcePath } from "./source.ts";
import { validate } from "./validate.ts";

/** One file of events/, traits/ or segments/, as far as it could be read. */
interface DeclaredFile<T> {
  readonly file: string;
  readonly root: SourceMap;
  /** As written; it may have faults. */
  readonly data: unknown;
  readonly value: T | undefined;
}

export interface LoadedDeclarations {
  readonly declarations: Declarations;
  readonly faults: readonly Fault[];
  /** dbt models that the files name, and where. */
  readonly models: readonly { readonly model: string; readonly place: Place }[];
}

/** What the project as a whole says about them. */
export interface DeclaredSettings {
  readonly timeZone: string;
  readonly excluded: Declarations["excluded"];
}

/**
 * Reads events/, traits/ and segments/, and holds them against each other. All faults together; never connects.
 * `instead`: texts that stand for files, e.g. an earlier version of one.
 */
export function loadDeclarations(
  projectDir: string,
  env: Env,
  settings: DeclaredSettings,
  instead: ReadonlyMap<string, string> = new Map(),
): LoadedDeclarations {
  const faults: Fault[] = [];
  const read = <T>(folder: string, schema: z.ZodType<T>): DeclaredFile<T>[] =>
    yamlFiles(projectDir, folder).flatMap((file) => {
      const text = instead.get(file);
      const { root, faults: unreadable } = text === undefined ? readMapping(projectDir, file) : asMapping(text, file);
      faults.push(...unreadable);
      if (root === undefined) return [];
      const made = materialise(root, env, { secretRefs: "none" });
      const { value, faults: own } = validate(schema, root, made, () => true);
      faults.push(...own);
      return [{ file, root, data: made.data, value }];
    });
  const eventFiles = read("events", eventsSchema);
  const traitFiles = read("traits", traitsSchema);
  const segmentFiles = read("segments", segmentSchema);
  const golden = goldenColumns(projectDir);

  const events = new Map<string, EventDeclaration | undefined>();
  const names: DeclaredNames = {
    events,
    traits: traitNames(traitFiles, golden ?? [], faults),
    segments: segmentNames(segmentFiles, faults),
  };
  const inferred: RuleReading["inferred"] = new Map();
  const reading = (root: SourceMap, named: RuleReading["named"] = []): RuleReading => ({
    root,
    names,
    faults,
    inferred,
    named,
  });

  for (const file of eventFiles) readEvents(file, events, reading(file.root));
  const traits: TraitFile[] = [];
  for (const { file, root, value } of traitFiles) {
    if (value === undefined) continue;
    const read = readTraitFile(file, value, reading(root));
    const taken = traits.find(({ name }) => name === read.name);
    if (taken !== undefined) {
      const top = { file, line: 1, column: 1 };
      faults.push(
        error(top, `${taken.file} has this file's name, and their models would share one`, "rename one of the files"),
      );
    }
    traits.push(read);
  }
  const segments: SegmentDeclaration[] = [];
  const lifecycles: LifecycleDeclaration[] = [];
  const edges = new Map<string, { readonly to: string; readonly place: Place }[]>();
  for (const file of segmentFiles) readSegments(file, reading, segments, lifecycles, edges);
  faults.push(...cycleFaults(edges));
  return {
    declarations: {
      events: [...events.values()].filter((event) => event !== undefined),
      traitFiles: traits,
      segments,
      lifecycles,
      golden,
      ...settings,
    },
    faults,
    models: [
      ...modelsOf(eventFiles, ["events"], "model"),
      ...modelsOf(traitFiles, [], "from"),
      ...modelsOf(segmentFiles, [], "model"),
    ],
  };
}

function readEvents(
  { root, data, value }: DeclaredFile<z.output<typeof eventsSchema>>,
  events: Map<string, EventDeclaration | undefined>,
  reading: RuleReading,
): void {
  for (const name of keysOf(pick(data, ["events"]))) {
    const place = keyAt(root, ["events", name]);
    if (events.has(name))
      reading.faults.push(error(place, `the event "${name}" is there already`, "give one of them another name"));
    const yaml = value?.events[name];
    if (yaml === undefined) {
      events.set(name, undefined);
      continue;
    }
    const [[namespace, column] = ["", ""]] = Object.entries(yaml.profile);
    const properties = Object.entries(yaml.properties ?? {}).map(([property, given]) => {
      const { column, type = "unknown" as ValueType } = typeof given === "string" ? { column: given } : given;
      return [property, { column, type }] as const;
    });
    events.set(name, {
      name,
      model: yaml.model,
      profile: { namespace, column },
      at: yaml.at,
      key: yaml.key,
      arrived: yaml.arrived,
      where: readFilters(yaml.where, ["events", name, "where"], reading),
      properties: new Map(properties),
      origin: { file: place.file, line: place.line },
    });
  }
}

/** Names of traits with their types, also of files that have faults. */
function traitNames(
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
      add(name, traitType(yaml), keyAt(root, path));
    }
  }
  return names;
}

function segmentNames(files: readonly DeclaredFile<SegmentYaml>[], faults: Fault[]): Set<string> {
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

function readSegments(
  { root, value }: DeclaredFile<SegmentYaml>,
  reading: (root: SourceMap, named: RuleReading["named"]) => RuleReading,
  segments: SegmentDeclaration[],
  lifecycles: LifecycleDeclaration[],
  edges: Map<string, { readonly to: string; readonly place: Place }[]>,
): void {
  if (value === undefined) return;
  const { faults } = reading(root, []);
  const shape = shapeFault(value, root);
  if (shape !== undefined) {
    faults.push(shape);
    return;
  }
  const rule = (name: string, yaml: NonNullable<SegmentYaml["where"]>, path: SourcePath): Rule | undefined => {
    const named: { segment: string; path: SourcePath }[] = [];
    const read = readRule(yaml, path, reading(root, named));
    edges.set(
      name,
      named.map(({ segment, path }) => ({ to: segment, place: placeAt(root, path) })),
    );
    return read;
  };
  const { description } = value;
  if (value.segment !== undefined) {
    const place = keyAt(root, ["segment"]);
    const made = value.where && rule(value.segment, value.where, ["where"]);
    const by = value.model !== undefined ? { model: value.model } : made && { rule: made };
    const origin = { file: place.file, line: place.line };
    if (by !== undefined) segments.push({ name: value.segment, description, by, stageOf: undefined, origin });
    return;
  }
  const stages = Object.keys(value.stages ?? {});
  const name = value.lifecycle ?? "";
  lifecycles.push({ name, stages });
  for (const [i, stage] of stages.entries()) {
    const yaml = value.stages?.[stage];
    const made = yaml && rule(stage, yaml, ["stages", stage]);
    if (made === undefined) continue;
    const place = keyAt(root, ["stages", stage]);
    const earlier = stages.slice(0, i).map((segment): Rule => ({ kind: "segment", segment }));
    const first: Rule =
      earlier.length === 0
        ? made
        : { kind: "all", rules: [made, ...earlier.map((rule): Rule => ({ kind: "not", rule }))] };
    segments.push({
      name: stage,
      description: description === undefined ? `Stage ${i + 1} of the life-cycle ${name}` : `${description}: ${stage}`,
      by: { rule: first },
      stageOf: name,
      origin: { file: place.file, line: place.line },
    });
    edges.set(stage, [...(edges.get(stage) ?? []), ...stages.slice(0, i).map((to) => ({ to, place }))]);
  }
}

function shapeFault(value: SegmentYaml, root: SourceMap): Fault | undefined {
  const cycle = value.lifecycle !== undefined;
  if (cycle === (value.segment !== undefined)) {
    const message = cycle
      ? "a file is about a segment or a life-cycle, and this one is about both"
      : "the segment has no name";
    return error(cycle ? keyAt(root, ["lifecycle"]) : root.place, message, cycle ? "keep one" : "add `segment: name`");
  }
  const wrong = cycle ? (["where", "model"] as const) : (["stages"] as const);
  for (const key of wrong) {
    if (value[key] === undefined) continue;
    return error(keyAt(root, [key]), `${key} has no meaning for a ${cycle ? "life-cycle" : "segment"}`, "leave it out");
  }
  if (cycle) {
    if (Object.keys(value.stages ?? {}).length >= 2) return undefined;
    return error(keyAt(root, ["stages"]), "a life-cycle has two stages or more", "add `stages: { new: …, active: … }`");
  }
  if ((value.where === undefined) === (value.model === undefined)) {
    const message =
      value.where === undefined ? "nothing says who is in the segment" : "the segment has rules and a model";
    return error(
      keyAt(root, ["model"]),
      message,
      "give it `where:` with rules, or `model:`, a dbt model that returns profile_id",
    );
  }
  return undefined;
}

/** A segment that needs itself, directly or through others, has no members that could be told. Each circle is told once. */
function cycleFaults(edges: ReadonlyMap<string, readonly { readonly to: string; readonly place: Place }[]>): Fault[] {
  const faults: Fault[] = [];
  const state = new Map<string, "open" | "done">();
  const visit = (name: string, path: readonly string[]): void => {
    state.set(name, "open");
    for (const { to, place } of edges.get(name) ?? []) {
      if (state.get(to) === "open") {
        const circle = [...path.slice(path.indexOf(to)), to].join(" → ");
        faults.push(error(place, `the segments need each other: ${circle}`, "leave one of these conditions out"));
      } else if (state.get(to) === undefined) visit(to, [...path, to]);
    }
    state.set(name, "done");
  };
  for (const name of edges.keys()) if (state.get(name) === undefined) visit(name, [name]);
  return faults;
}

/** What identity.yml makes columns of: each namespace's best value and each observed trait. */
function goldenColumns(projectDir: string): readonly string[] | null {
  if (!exists(join(projectDir, "identity.yml"))) return null;
  const { root } = readMapping(projectDir, "identity.yml");
  const identity = child(root, "identity");
  const found = new Set<string>(mapKeys(child(identity, "namespaces")));
  const sources = child(identity, "sources");
  for (const source of mapKeys(sources)) {
    for (const trait of mapKeys(child(child(sources, source), "traits"))) found.add(trait);
  }
  return [...found];
}

const mapKeys = (node: ReturnType<typeof child>): string[] => (node?.kind === "map" ? [...node.entries.keys()] : []);

function modelsOf(
  files: readonly DeclaredFile<unknown>[],
  below: SourcePath,
  key: string,
): { model: string; place: Place }[] {
  return files.flatMap(({ root, data }) => {
    const paths =
      below.length > 0
        ? keysOf(pick(data, below)).map((name) => [...below, name, key])
        : [key === "from" ? ["traits", key] : [key]];
    return paths.flatMap((path) => {
      const model = pick(data, path);
      return typeof model === "string" ? [{ model, place: placeAt(root, path) }] : [];
    });
  });
}

const keysOf = (value: unknown): string[] =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
