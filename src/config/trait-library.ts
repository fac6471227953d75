import { wordsOf } from "../core/traits-named.ts";
import type { RuleReading } from "./declared-names.ts";
import type { LibraryYaml, TraitYaml } from "./declared-schema.ts";
import { error, type Fault } from "./fault.ts";
import { listed, meant } from "./nearest.ts";
import { placeAt } from "./source.ts";

/** The traits that a table of orders gives everybody, by name, in the words a person would write them. */
export function libraryTraits(yaml: LibraryYaml, at: string): ReadonlyMap<string, TraitYaml> {
  const { value, where, lapsed_after: times = 2 } = yaml;
  const filter = where === undefined ? {} : { where };
  const all = new Map<string, TraitYaml>([
    ["order_count", { count: "*", ...filter, default: 0 }],
    ["lifetime_value", { sum: value, ...filter, default: 0 }],
    ["average_order_value", { ratio: ["lifetime_value", "order_count"] }],
    ["first_order_on", { min: at, ...filter, as: "date" }],
    ["last_order_on", { max: at, ...filter, as: "date" }],
    ["days_since_last_order", { days_since: { max: at }, ...filter }],
    ["median_days_between_orders", { median_gap: at, ...filter }],
    ["recency_score", { score: { of: "days_since_last_order", best: "lowest" } }],
    ["frequency_score", { score: { of: "order_count" } }],
    ["monetary_score", { score: { of: "lifetime_value" } }],
    ["rfm_score", { expression: "recency_score * 100 + frequency_score * 10 + monetary_score", as: "number" }],
    [
      "lapsed",
      {
        expression: `case when days_since_last_order is null then null when days_since_last_order > median_days_between_orders * ${times} then true else false end`,
        as: "boolean",
      },
    ],
  ]);
  for (const what of ["product", "category", "channel"] as const) {
    const column = yaml[what];
    if (column !== undefined) all.set(`preferred_${what}`, { most_frequent: column, ...filter });
  }
  return yaml.only === undefined
    ? all
    : new Map(yaml.only.flatMap((name) => (all.has(name) ? [[name, all.get(name) as TraitYaml] as const] : [])));
}

/** Every name of the library. */
export const libraryNames: readonly string[] = [
  ...libraryTraits({ value: "v", product: "p", category: "c", channel: "h" }, "t").keys(),
];

/** Traits of `only` that are none, that need a column nobody named, or others that the project does not have. */
export function libraryFaults(yaml: LibraryYaml, { root, names }: RuleReading): Fault[] {
  const { only = [], ...whole } = yaml;
  const all = libraryTraits(whole, "");
  return only.flatMap((name, i) => {
    const place = placeAt(root, ["traits", "library", "only", i]);
    if (!libraryNames.includes(name))
      return [error(place, `the library has no trait "${name}"`, meant(name, libraryNames, "its traits"))];
    const trait = all.get(name);
    if (trait === undefined) {
      const column = name.replace("preferred_", "");
      return [error(place, `${name} needs the column of the ${column}`, `add \`${column}: COLUMN\` to the library`)];
    }
    const text =
      typeof trait === "object" ? (trait.expression ?? trait.score?.of ?? trait.ratio?.join(" ")) : undefined;
    const missing = libraryNames.filter((other) => wordsOf(text ?? "").includes(other) && !names.traits.has(other));
    if (missing.length === 0) return [];
    return [error(place, `${name} is computed from ${listed(missing)}`, "add what is missing to `only`")];
  });
}
