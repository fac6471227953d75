import type { z } from "zod";
import {
  type Declarations,
  type EventDeclaration,
  type LifecycleDeclaration,
  type SegmentDeclaration,
  type TraitFile,
  traitModel,
} from "../core/declared.ts";
import { longestName } from "../core/model-name.ts";
import { segmentNames, traitNames } from "./collect-names.ts";
import { cycleFaults, type Edges } from "./cycles.ts";
import { type DeclaredFile, keysOf } from "./declared-file.ts";
import type { DeclaredNames, RuleReading } from "./declared-names.ts";
import { eventsSchema, segmentSchema, traitsSchema } from "./declared-schema.ts";
import type { Env } from "./env.ts";
import { error, type Fault, type Place } from "./fault.ts";
import { asMapping, readMapping, yamlFiles } from "./files.ts";
import { identityNames } from "./identity-names.ts";
import { materialise, pick } from "./materialise.ts";
import { readEvents } from "./read-events.ts";
import { readSegments } from "./read-segments.ts";
import { readTraitFile } from "./read-traits.ts";
import { placeAt, type SourceMap, type SourcePath } from "./source.ts";
import { columnFaults } from "./trait-columns.ts";
import { traitEdges } from "./trait-rules.ts";
import { validate } from "./validate.ts";

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
  readonly room: Declarations["room"];
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
  const identity = identityNames(projectDir);
  const golden = identity?.columns ?? null;

  const events = new Map<string, EventDeclaration | undefined>();
  const names: DeclaredNames = {
    events,
    traits: traitNames(traitFiles, golden ?? [], faults),
    segments: segmentNames(segmentFiles, faults),
    namespaces: identity?.namespaces ?? null,
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
    const taken = traits.find((other) => traitModel(other) === traitModel(read));
    const top = { file, line: 1, column: 1 };
    if (taken !== undefined) {
      faults.push(
        error(top, `${taken.file} has this file's name, and their models would share one`, "rename one of the files"),
      );
    } else if (traitModel(read).length > longestName) {
      const message = `the model of this file would be named ${traitModel(read)}, and an engine ends at ${longestName} characters`;
      faults.push(error(top, message, "give the file a shorter name"));
    }
    traits.push(read);
  }
  const declaredTraits = traits.flatMap(({ traits }) => traits);
  faults.push(...cycleFaults(traitEdges(declaredTraits), "traits"));
  faults.push(...columnFaults(settings.room, golden ?? [], declaredTraits));
  const segments: SegmentDeclaration[] = [];
  const lifecycles: LifecycleDeclaration[] = [];
  const edges: Edges = new Map();
  for (const file of segmentFiles) readSegments(file, reading, segments, lifecycles, edges);
  faults.push(...cycleFaults(edges, "segments"));
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
