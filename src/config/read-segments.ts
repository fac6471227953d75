import type { LifecycleDeclaration, NamedRule, Rule, SegmentDeclaration } from "../core/declared.ts";
import type { Edges } from "./cycles.ts";
import type { DeclaredFile } from "./declared-file.ts";
import type { RuleReading } from "./declared-names.ts";
import type { SegmentYaml } from "./declared-schema.ts";
import { error, type Fault } from "./fault.ts";
import { readRule } from "./read-rule.ts";
import { keyAt, placeAt, type SourceMap, type SourcePath } from "./source.ts";

/** The segment or the life-cycle of one file, into `segments`, `lifecycles` and `edges`. */
export function readSegments(
  { root, value }: DeclaredFile<SegmentYaml>,
  reading: (root: SourceMap, named: RuleReading["named"]) => RuleReading,
  segments: SegmentDeclaration[],
  lifecycles: LifecycleDeclaration[],
  edges: Edges,
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
    if (by !== undefined) segments.push({ name: value.segment, description, by, stage: undefined, origin });
    return;
  }
  const stages = Object.keys(value.stages ?? {});
  const name = value.lifecycle ?? "";
  lifecycles.push({ name, stages });
  const before: NamedRule[] = [];
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
      stage: { own: made, before: [...before] },
      origin: { file: place.file, line: place.line },
    });
    before.push({ name: stage, rule: made });
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
