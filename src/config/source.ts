import type { Place } from "./fault.ts";

/** A YAML value that still knows where it was written. `place` is where the value begins. */
export type SourceNode = SourceMap | SourceList | SourceScalar;

export interface SourceMap {
  readonly kind: "map";
  readonly place: Place;
  readonly entries: ReadonlyMap<string, SourceEntry>;
}

export interface SourceEntry {
  /** Where the key begins. */
  readonly key: Place;
  readonly node: SourceNode;
}

export interface SourceList {
  readonly kind: "list";
  readonly place: Place;
  readonly items: readonly SourceNode[];
}

export interface SourceScalar {
  readonly kind: "scalar";
  readonly place: Place;
  readonly value: string | number | boolean | null;
  /** As written, without quotes: `61.0` stays "61.0" where the value is the number 61. */
  readonly text: string;
}

export type SourcePath = readonly PropertyKey[];

export function child(node: SourceNode | undefined, step: PropertyKey): SourceNode | undefined {
  if (node?.kind === "map") return node.entries.get(String(step))?.node;
  if (node?.kind === "list") return node.items[Number(step)];
  return undefined;
}

export function nodeAt(node: SourceNode | undefined, path: SourcePath): SourceNode | undefined {
  let at = node;
  for (const step of path) at = child(at, step);
  return at;
}

/** Where the value at the path begins; of a path that leads nowhere, the last part that is written. */
export function placeAt(root: SourceNode, path: SourcePath): Place {
  let at = root;
  let place = root.place;
  for (const step of path) {
    const next = child(at, step);
    if (next === undefined) return place;
    place = next.kind === "scalar" ? next.place : keyPlace(at, step, next);
    at = next;
  }
  return place;
}

/** Where the key of the last step begins; falls back to the value's place. */
export function keyAt(root: SourceNode, path: SourcePath): Place {
  const parent = nodeAt(root, path.slice(0, -1));
  const step = path.at(-1);
  if (parent?.kind === "map" && step !== undefined) {
    const entry = parent.entries.get(String(step));
    if (entry !== undefined) return entry.key;
  }
  return placeAt(root, path);
}

function keyPlace(parent: SourceNode, step: PropertyKey, node: SourceNode): Place {
  return (parent.kind === "map" ? parent.entries.get(String(step))?.key : undefined) ?? node.place;
}

/**
 * The base with the override laid over it, mapping by mapping; every value keeps the place it was written at.
 * `replaces` names keys that say what a mapping is (`type`, `connector`): where they differ, the override stands alone.
 */
export function overlay(base: SourceNode | undefined, over: SourceNode, replaces: readonly string[]): SourceNode {
  if (base?.kind !== "map" || over.kind !== "map") return over;
  for (const key of replaces) {
    const was = child(base, key);
    const is = child(over, key);
    if (is?.kind === "scalar" && !(was?.kind === "scalar" && was.value === is.value)) return over;
  }
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    entries.set(key, { key: entry.key, node: overlay(entries.get(key)?.node, entry.node, replaces) });
  }
  return { kind: "map", place: base.place, entries };
}

/** A copy of the mapping without some keys. `place` says where its own key stands, so that what it lacks is told there. */
export function without(map: SourceMap, keys: readonly string[], place: Place = map.place): SourceMap {
  return { ...map, place, entries: new Map([...map.entries].filter(([key]) => !keys.includes(key))) };
}
