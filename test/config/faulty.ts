import { check } from "../../src/config/check.ts";
import { envFrom } from "../../src/config/env.ts";
import { renderFaults } from "../../src/config/fault.ts";
import { connectors } from "./fake-connectors.ts";
import { type Files, tempProject } from "./temp-project.ts";

export const P = "millrace.yml";
export const A = "syncs/a.yml";

/** A bad input, and every line `check` must say about it. */
export type FaultCase = readonly [name: string, files: Files, lines: readonly string[]];

export function checkLines(files: Files, variables: Record<string, string> = {}): string[] {
  const faults = check({ dir: tempProject(files), env: undefined, connectors, variables: envFrom(variables) });
  return faults.length === 0 ? [] : renderFaults(faults, { color: false }).split("\n");
}

/** A reference to a variable, as a user writes it. */
export const variable = (name: string): string => `\${${name}}`;

/** Sound syncs to spoil. */
export const newsletter = `sync: n
model: lapsing
key: id
to: { account: newsletter, target: list, list: L }
mode: mirror
`;
export const profile = `sync: p
model: lapsing
key: id
match: { email: email }
to: { account: newsletter, target: profile }
mode: upsert
fields: { first_name: f }
`;
export const hook = `sync: h
model: lapsing
key: id
to: { account: hook, target: request, path: /x }
mode: append
fields: { a: a }
`;
