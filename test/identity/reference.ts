import { leastOfComponents, type Pair } from "./union-find.ts";

/** A record of the reference's little world: identifiers as "namespace value", normalised already. */
export interface PlainRecord {
  readonly source: string;
  readonly key: number;
  readonly day: number;
  /** By column: user_id, email, email_2, device_id. */
  readonly identifiers: Readonly<Record<string, string | null>>;
}

export interface PlainRules {
  readonly blocked: readonly string[];
  readonly learnAbove: number | null;
  /** device_id → emails. */
  readonly fanOut: number | null;
  readonly withinDays: number;
  readonly mustLink: readonly (readonly [string, string])[];
}

const columns = ["user_id", "email", "email_2", "device_id"] as const;
const namespaceOf = (column: string): string => (column === "email_2" ? "email" : column);

/**
 * Who belongs together without unique namespaces, said as plainly as possible: groups of "namespace value", sorted.
 * Records of `crm` are nodes of their own.
 */
export function plainGroups(records: readonly PlainRecord[], rules: PlainRules): string[][] {
  const borne = records.map((record) => ({ record, names: namesOf(record) }));
  const inactive = new Set(rules.blocked.filter((name) => borne.some(({ names }) => names.includes(name))));
  if (rules.learnAbove !== null) for (const name of learned(borne, inactive, rules.learnAbove)) inactive.add(name);
  if (rules.fanOut !== null)
    for (const name of limited(borne, inactive, rules.fanOut, rules.withinDays)) inactive.add(name);

  const ids = new Map<string, number>();
  const id = (name: string): number => {
    const known = ids.get(name) ?? ids.size;
    ids.set(name, known);
    return known;
  };
  const edges: Pair[] = [];
  for (const { record, names } of borne) {
    const active = names.filter((name) => !inactive.has(name));
    const nodes = record.source === "crm" ? [`record:crm ${record.key}`, ...active] : active;
    for (const name of nodes) edges.push([id(nodes[0] ?? name), id(name)]);
  }
  for (const [a, b] of rules.mustLink) if (ids.has(a) && ids.has(b)) edges.push([id(a), id(b)]);
  const names = [...ids.keys()];
  const byLabel = new Map<number, string[]>();
  for (const [vertex, label] of leastOfComponents(edges))
    byLabel.set(label, [...(byLabel.get(label) ?? []), names[vertex] ?? ""]);
  return [...byLabel.values()].map((group) => group.sort()).sort((a, b) => (String(a) < String(b) ? -1 : 1));
}

type Borne = readonly { readonly record: PlainRecord; readonly names: readonly string[] }[];

function namesOf(record: PlainRecord): string[] {
  const names = columns.flatMap((column) => {
    const value = record.identifiers[column];
    return value === null || value === undefined ? [] : [`${namespaceOf(column)} ${value}`];
  });
  return [...new Set(names)];
}

function learned(borne: Borne, inactive: ReadonlySet<string>, above: number): string[] {
  const others = new Map<string, Map<string, Set<string>>>();
  for (const { names } of borne) {
    const live = names.filter((name) => !inactive.has(name));
    for (const name of live) {
      if (name.startsWith("user_id")) continue;
      const perNamespace = others.get(name) ?? new Map<string, Set<string>>();
      others.set(name, perNamespace);
      for (const other of live) {
        if (other === name) continue;
        const [namespace = ""] = other.split(" ");
        perNamespace.set(namespace, (perNamespace.get(namespace) ?? new Set()).add(other));
      }
    }
  }
  return [...others].filter(([, per]) => [...per.values()].some(({ size }) => size > above)).map(([name]) => name);
}

function limited(borne: Borne, inactive: ReadonlySet<string>, most: number, withinDays: number): string[] {
  const devices = new Set(borne.flatMap(({ names }) => names.filter((name) => name.startsWith("device_id"))));
  return [...devices].filter((device) => {
    if (inactive.has(device)) return false;
    const mine = borne.filter(({ names }) => names.includes(device));
    const last = Math.max(...mine.map(({ record }) => record.day));
    const near = mine.filter(({ record }) => record.day >= last - withinDays);
    const emails = near.flatMap(({ names }) => names.filter((name) => name.startsWith("email") && !inactive.has(name)));
    return new Set(emails).size > most;
  });
}
