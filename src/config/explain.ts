import type { z } from "zod";
import { error, type Fault, type Place } from "./fault.ts";
import { pick } from "./materialise.ts";
import { listed, meant, nearest } from "./nearest.ts";
import { at, knownKeys, literals } from "./schema-walk.ts";
import { keyAt, nodeAt, placeAt, type SourceNode, type SourcePath } from "./source.ts";

type Issue = z.core.$ZodIssue;
type Schema = z.core.$ZodType;

/** What an issue is about: the data zod saw, the YAML it came from, the schema it was held against. */
export interface Subject {
  readonly root: SourceNode;
  readonly data: unknown;
  readonly schema: Schema;
  /** May a message show the value at this path? Not where it may be a secret. */
  readonly quotes: (path: SourcePath) => boolean;
}

/** zod's issues as faults, in a user's words and at the user's lines. */
export function explain(issues: readonly Issue[], subject: Subject): Fault[] {
  return explainBelow(issues, [], subject.schema, subject);
}

function explainBelow(issues: readonly Issue[], base: SourcePath, schema: Schema, subject: Subject): Fault[] {
  const suggested = new Set<string>();
  const faults: Fault[] = [];
  for (const issue of issues) {
    if (issue.code !== "unrecognized_keys") continue;
    const path = [...base, ...issue.path];
    const known = knownKeys(schema, issue.path, pick(subject.data, base)).filter(
      (key) => nodeAt(subject.root, [...path, key]) === undefined,
    );
    for (const key of issue.keys) {
      const near = nearest(key, known);
      if (near !== undefined) suggested.add(pathName([...path, near]));
      faults.push(error(keyAt(subject.root, [...path, key]), `unknown key "${key}"`, meant(key, known, "known here")));
    }
  }
  for (const issue of issues) {
    const path = [...base, ...issue.path];
    // A misspelt key makes its right spelling missing: one fault is enough.
    if (issue.code === "unrecognized_keys" || suggested.has(pathName(path))) continue;
    const here = at(schema, issue.path, pick(subject.data, base));
    faults.push(...explainOne(issue, path, here, subject));
  }
  return faults;
}

const pathName = (path: SourcePath): string => path.map(String).join("\n");

function explainOne(issue: Issue, path: SourcePath, here: readonly Schema[], subject: Subject): Fault[] {
  const { root } = subject;
  const node = nodeAt(root, path);
  const name = path.length === 0 ? "this" : `"${String(path.at(-1))}"`;
  if (node === undefined && issue.code !== "custom") {
    const what = here.map(describe).find((text) => text !== "") ?? "";
    const mend = `add \`${String(path.at(-1))}: …\`${what === "" ? "" : `: ${what}`}`;
    return [error(placeAt(root, path), `the key ${name} is missing`, mend)];
  }
  const place = placeAt(root, path);
  switch (issue.code) {
    case "invalid_type": {
      const custom = customMessage(issue);
      if (custom !== undefined) return [error(place, `${name}: ${custom}`, "")];
      const mend = mendOfKind(issue.expected, node, subject.quotes(path));
      return [
        error(place, `${name} must be ${typeName(issue.expected)}, not ${kindOf(node, subject.quotes(path))}`, mend),
      ];
    }
    case "invalid_value": {
      const values = issue.values.map(String);
      return [choice(name, values, subject.quotes(path) ? node : undefined, place)];
    }
    case "invalid_union": {
      if (issue.errors.length === 0) {
        const values = here.flatMap(literals).map(String);
        return [choice(name, values, subject.quotes(path) ? node : undefined, place)];
      }
      return explainUnion(issue, path, here, name, node, subject);
    }
    case "invalid_key": {
      const reason = issue.issues[0];
      if (reason?.code !== "custom") return [error(keyAt(root, path), `the key ${name} is not allowed here`, "")];
      return [error(keyAt(root, path), reason.message, mendOf(reason))];
    }
    case "custom": {
      const shift: unknown = issue.params?.offset;
      const shifted = typeof shift === "number" ? { ...place, column: place.column + shift } : place;
      return [error(shifted, `${name}: ${issue.message}`, mendOf(issue))];
    }
    default:
      return [error(place, `${name} ${customMessage(issue) ?? sizeOrFormat(issue)}`, "")];
  }
}

/** What to write where a value is of another kind than it must be; shows the value only where that is allowed. */
function mendOfKind(expected: string, node: SourceNode | undefined, shown: boolean): string {
  if (node?.kind === "list" && ["string", "number", "int", "boolean"].includes(expected)) {
    const [only, ...others] = node.items;
    const value = only?.kind === "scalar" && others.length === 0 && shown ? `: ${only.text}` : "";
    return `write one value, without brackets or a dash${value}`;
  }
  if (node?.kind !== "scalar" || node.text === "") return "";
  if (expected === "string") return shown ? `quote it: "${node.text}"` : "quote it";
  return expected === "array" ? (shown ? `write a list: [${node.text}]` : "write a list: [one, other]") : "";
}

function mendOf(issue: z.core.$ZodIssueCustom): string {
  const mend: unknown = issue.params?.mend;
  return typeof mend === "string" ? mend : "";
}

function choice(name: string, values: readonly string[], node: SourceNode | undefined, place: Place): Fault {
  const is = node?.kind === "scalar" && typeof node.value === "string" ? node.value : undefined;
  if (is === undefined) return error(place, `${name} must be one of: ${listed(values)}`, "");
  const near = nearest(is, values);
  if (near === undefined) return error(place, `${name} cannot be "${is}"`, `one of: ${listed(values)}`);
  return error(place, `${name} cannot be "${is}"`, `did you mean "${near}"?`);
}

/** Of a union's branches, the one the writer most probably meant explains the fault. */
function explainUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: SourcePath,
  here: readonly Schema[],
  name: string,
  node: SourceNode | undefined,
  subject: Subject,
): Fault[] {
  const options = here.flatMap(unionOptions);
  const branches = issue.errors.map((issues, i) => ({ issues, schema: options[i] }));
  const fitting = branches.filter(
    ({ issues }) => !issues.some(({ code, path }) => path.length === 0 && isKindIssue(code)),
  );
  if (fitting.length === 0) {
    const allowed = [...new Set(branches.flatMap(({ issues }) => issues.map(allowedBy)))].filter((text) => text !== "");
    return [
      error(
        placeAt(subject.root, path),
        `${name} cannot be ${kindOf(node, subject.quotes(path))}`,
        `it may be ${allowed.join(", or ")}`,
      ),
    ];
  }
  fitting.sort((a, b) => weight(a.issues) - weight(b.issues));
  const best = fitting[0];
  if (best?.schema === undefined) return [error(placeAt(subject.root, path), `${name} is not right`, "")];
  return explainBelow(best.issues, path, best.schema, subject);
}

const isKindIssue = (code: Issue["code"]): boolean => code === "invalid_type" || code === "invalid_value";

function unionOptions(schema: Schema): readonly Schema[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === "union") return def.options;
  return "innerType" in def ? unionOptions(def.innerType as Schema) : [];
}

const weight = (issues: readonly Issue[]): number =>
  issues.reduce((sum, issue) => sum + (issue.code === "unrecognized_keys" ? issue.keys.length : 1), 0);

function allowedBy(issue: Issue): string {
  if (issue.path.length > 0) return "";
  if (issue.code === "invalid_type") return typeName(issue.expected);
  return issue.code === "invalid_value" ? issue.values.map((value) => `"${String(value)}"`).join(", ") : "";
}

function typeName(expected: string): string {
  switch (expected) {
    case "string":
      return "text";
    case "number":
      return "a number";
    case "int":
      return "a whole number";
    case "boolean":
      return "true or false";
    case "array":
      return "a list";
    case "object":
    case "record":
      return "a mapping (key: value)";
    case "null":
      return "null";
    default:
      return expected;
  }
}

function kindOf(node: SourceNode | undefined, quoted: boolean): string {
  if (node === undefined) return "missing";
  if (node.kind === "list") return "a list";
  if (node.kind === "map") return "a mapping (key: value)";
  if (node.value === null) return "empty";
  if (typeof node.value === "string") return "text";
  if (typeof node.value === "boolean") return node.text;
  return quoted ? `the number ${node.text}` : "a number";
}

function sizeOrFormat(issue: Issue): string {
  if (issue.code === "too_small")
    return `must be ${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}${unit(issue.origin)}`;
  if (issue.code === "too_big")
    return `must be ${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}${unit(issue.origin)}`;
  if (issue.code === "not_multiple_of") return `must be a multiple of ${issue.divisor}`;
  if (issue.code === "invalid_format") {
    return issue.format === "regex" ? "is not written as it must be" : `is not a valid ${issue.format}`;
  }
  return customMessage(issue) ?? "is not allowed here";
}

function unit(origin: string): string {
  if (origin === "string") return " characters long";
  return origin === "array" || origin === "object" || origin === "map" || origin === "set" ? " long" : "";
}

/** A message the schema's author wrote; zod's own begin with these words. */
function customMessage(issue: Issue): string | undefined {
  return /^(Invalid|Too small|Too big|Unrecognized)/.test(issue.message) ? undefined : issue.message;
}

function describe(schema: Schema): string {
  return "description" in schema && typeof schema.description === "string" ? schema.description : "";
}
