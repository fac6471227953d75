import type { EventPattern, Filter, Order, Rule, TimesComparison, ValueType } from "../core/declared.ts";
import { boundWords, contradiction } from "./contradiction.ts";
import type { RuleReading } from "./declared-names.ts";
import { error, warning } from "./fault.ts";
import { listed, meant } from "./nearest.ts";
import { type ComparisonsYaml, readComparisons } from "./read-comparisons.ts";
import { comparisons, type RuleYaml } from "./rule-schema.ts";
import { keyAt, placeAt, type SourcePath } from "./source.ts";
import { spanOf } from "./span.ts";

const kinds = ["all", "any", "not", "trait", "did", "did_not", "sequence", "segment"] as const;
type Kind = (typeof kinds)[number];

const companions: Readonly<Record<Kind, readonly string[]>> = {
  all: [],
  any: [],
  not: [],
  trait: [...Object.keys(comparisons), "within"],
  did: ["times", "within", "where"],
  did_not: ["within", "where"],
  sequence: ["within"],
  segment: [],
};

/** SQL nests no deeper than engines parse; nobody reads so far either. */
const maxDepth = 250;

/** A condition, typed and held against what the project declares. undefined where nothing can be made of it. */
export function readRule(yaml: RuleYaml, path: SourcePath, reading: RuleReading, depth = 0): Rule | undefined {
  const given = kinds.filter((kind) => yaml[kind] !== undefined);
  const [kind] = given;
  const { root, faults } = reading;
  const here = placeAt(root, path);
  if (kind === undefined) {
    faults.push(error(here, "the condition does not say what it is about", `add one of: ${listed(kinds)}`));
    return undefined;
  }
  if (given.length > 1) {
    const mend = "write two conditions, joined by all or any";
    faults.push(error(keyAt(root, [...path, given[1] ?? ""]), `one condition names ${listed(given)}`, mend));
    return undefined;
  }
  if (depth > maxDepth) {
    faults.push(
      error(here, `more than ${maxDepth} conditions lie within each other`, "make a segment of the inner ones"),
    );
    return undefined;
  }
  for (const key of Object.keys(yaml)) {
    if (key === kind || companions[kind].includes(key)) continue;
    const mend =
      companions[kind].length === 0 ? "leave it out" : `beside ${kind} may stand: ${listed(companions[kind])}`;
    faults.push(error(keyAt(root, [...path, key]), `${key} has no meaning beside ${kind}`, mend));
  }
  return readKind(kind, yaml, path, reading, depth);
}

function readKind(kind: Kind, yaml: RuleYaml, path: SourcePath, reading: RuleReading, depth: number): Rule | undefined {
  switch (kind) {
    case "all":
    case "any": {
      const list = yaml[kind] ?? [];
      if (list.length === 0) {
        const meaning = kind === "any" ? "nobody would be in it" : "everybody would be in it";
        reading.faults.push(
          error(keyAt(reading.root, [...path, kind]), `"${kind}" is empty: ${meaning}`, "write a condition"),
        );
      }
      const rules = list.flatMap((each, i) => readRule(each, [...path, kind, i], reading, depth + 1) ?? []);
      return { kind, rules };
    }
    case "not": {
      const rule = yaml.not && readRule(yaml.not, [...path, "not"], reading, depth + 1);
      return rule && { kind, rule };
    }
    case "trait":
      return readTrait(yaml, path, reading);
    case "did":
      return {
        kind,
        pattern: readPattern({ ...yaml, did: yaml.did ?? "" }, "did", path, reading),
        times: yaml.times === undefined ? [{ op: "gte", to: 1 }] : readTimes(yaml.times, path, reading),
      };
    case "did_not": {
      const pattern = readPattern({ ...yaml, did: yaml.did_not ?? "" }, "did_not", path, reading);
      return { kind: "did", pattern, times: [{ op: "eq", to: 0 }] };
    }
    case "sequence": {
      const steps = (yaml.sequence ?? []).map((step, i) => readPattern(step, "did", [...path, "sequence", i], reading));
      return { kind, steps, span: yaml.within === undefined ? undefined : spanOf(yaml.within) };
    }
    case "segment": {
      const { segment = "" } = yaml;
      const at = [...path, "segment"];
      reading.named.push({ segment, path: at });
      if (!reading.names.segments.has(segment)) {
        const mend = meant(segment, [...reading.names.segments], "segments");
        reading.faults.push(error(placeAt(reading.root, at), `there is no segment "${segment}"`, mend));
      }
      return { kind, segment };
    }
  }
}

function readTrait(yaml: RuleYaml, path: SourcePath, reading: RuleReading): Rule | undefined {
  const { trait = "" } = yaml;
  const { root, names, faults } = reading;
  const type = names.traits.get(trait);
  if (type === undefined) {
    const mend = meant(trait, [...names.traits.keys()], "traits");
    faults.push(error(placeAt(root, [...path, "trait"]), `there is no trait "${trait}"`, mend));
    return undefined;
  }
  if (!companions.trait.some((key) => Object.hasOwn(yaml, key))) {
    faults.push(
      error(placeAt(root, path), `nothing says what ${trait} must be`, `add one of: ${companions.trait.join(", ")}`),
    );
    return undefined;
  }
  return {
    kind: "trait",
    trait,
    type,
    comparisons: readComparisons(yaml, path, { name: trait, what: "trait", type }, reading),
  };
}

type TimesYaml = NonNullable<RuleYaml["times"]>;

function readTimes(yaml: TimesYaml, path: SourcePath, { root, faults }: RuleReading): TimesComparison[] {
  const entries = Object.entries(yaml) as [Order, number | undefined][];
  const times = entries.flatMap(([op, to]) => (to === undefined ? [] : [{ op, to }]));
  if (times.length === 0) {
    faults.push(error(keyAt(root, [...path, "times"]), `"times" says nothing`, "write { gte: 1 }, or leave it out"));
  }
  if (times.some(({ op, to }) => op === "lt" && to === 0)) {
    faults.push(error(keyAt(root, [...path, "times", "lt"]), "nothing happens less than 0 times", "write { eq: 0 }"));
  }
  const never = contradiction(times);
  if (never !== undefined) {
    const message = `nothing happens both ${never.map(boundWords).join(" and ")} times: nobody would be in it`;
    faults.push(
      warning(keyAt(root, [...path, "times"]), message, "turn them round, or write two conditions under any"),
    );
  }
  if (times.length > 0 && times.every(({ op, to }) => op === "gte" && to === 0)) {
    const message = "everything happens at least 0 times: everybody would be in it";
    faults.push(warning(keyAt(root, [...path, "times"]), message, "write { gte: 1 }, or leave the condition out"));
  }
  return times;
}

interface PatternYaml {
  readonly did: string;
  readonly where?: RuleYaml["where"];
  readonly within?: string | undefined;
}

function readPattern(yaml: PatternYaml, key: string, path: SourcePath, reading: RuleReading): EventPattern {
  const { names, root, faults } = reading;
  const event = names.events.get(yaml.did);
  if (!names.events.has(yaml.did)) {
    const mend = meant(yaml.did, [...names.events.keys()], "events");
    faults.push(error(placeAt(root, [...path, key]), `there is no event "${yaml.did}"`, mend));
  }
  const where: Filter[] = [];
  for (const [name, fit] of Object.entries(yaml.where ?? {})) {
    if (event === undefined) continue;
    const property = event.properties.get(name);
    const at = [...path, "where", name];
    if (property === undefined) {
      const mend = meant(name, [...event.properties.keys()], "properties");
      faults.push(error(keyAt(root, at), `the event ${event.name} has no property "${name}"`, mend));
      continue;
    }
    const subject = { name: `${event.name}.${name}`, what: "property", type: property.type } as const;
    where.push({ ...property, comparisons: readFit(fit, at, subject, reading) });
  }
  return { event: yaml.did, where, within: yaml.within === undefined ? undefined : spanOf(yaml.within) };
}

type FitYaml = NonNullable<RuleYaml["where"]>[string];
type FitSubject = Parameters<typeof readComparisons>[2];

/** A value, a list of values, or comparisons. */
function readFit(fit: FitYaml, path: SourcePath, subject: FitSubject, reading: RuleReading): Filter["comparisons"] {
  // The short forms have no key of their own: a path below them leads to the last part that is written.
  if (Array.isArray(fit)) return readComparisons({ in: fit }, path, subject, reading);
  if (typeof fit === "object") {
    if (Object.keys(fit).length === 0) {
      reading.faults.push(
        error(placeAt(reading.root, path), `nothing says what ${subject.name} must be`, "write a value"),
      );
    }
    return readComparisons(fit as ComparisonsYaml, path, subject, reading);
  }
  return readComparisons({ eq: fit }, path, subject, reading);
}

/** Filters on a model's columns; of their types nothing is known. */
export function readFilters(
  yaml: Readonly<Record<string, FitYaml>> | undefined,
  path: SourcePath,
  reading: RuleReading,
): Filter[] {
  return Object.entries(yaml ?? {}).map(([column, fit]) => {
    const type: ValueType = "unknown";
    // Of one column, over all files, so that the same name in two models is not mixed up.
    const subject = { name: `${column} (${reading.root.place.file}:${path.join(".")})`, what: "column", type } as const;
    return { column, type, comparisons: readFit(fit, [...path, column], subject, reading) };
  });
}
