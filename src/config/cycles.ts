import { error, type Fault, type Place } from "./fault.ts";

/** Which others each segment or trait names, and where. */
export type Edges = Map<string, readonly { readonly to: string; readonly place: Place }[]>;

/** What needs itself, directly or through others, has no members or value that could be told. Each circle is told once. */
export function cycleFaults(edges: Edges, what: "segments" | "traits"): Fault[] {
  const mend = what === "segments" ? "leave one of these conditions out" : "compute one of them from other traits";
  const faults: Fault[] = [];
  const state = new Map<string, "open" | "done">();
  const visit = (name: string, path: readonly string[]): void => {
    state.set(name, "open");
    for (const { to, place } of edges.get(name) ?? []) {
      if (state.get(to) === "open") {
        const circle = [...path.slice(path.indexOf(to)), to].join(" → ");
        faults.push(error(place, `the ${what} need each other: ${circle}`, mend));
      } else if (state.get(to) === undefined) visit(to, [...path, to]);
    }
    state.set(name, "done");
  };
  for (const name of edges.keys()) if (state.get(name) === undefined) visit(name, [name]);
  return faults;
}
