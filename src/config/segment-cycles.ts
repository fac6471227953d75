import { error, type Fault, type Place } from "./fault.ts";

/** Which segments each one names, and where. */
export type SegmentEdges = Map<string, readonly { readonly to: string; readonly place: Place }[]>;

/** A segment that needs itself, directly or through others, has no members that could be told. Each circle is told once. */
export function cycleFaults(edges: SegmentEdges): Fault[] {
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
