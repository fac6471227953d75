import { type IdentityConfig, identityTraits, type Survivorship, type SurvivorshipRule } from "../../core/identity.ts";

/** What is decided as one: a trait, or the traits of a bundle. */
export interface Subject {
  readonly name: string;
  readonly traits: readonly string[];
  readonly order: readonly SurvivorshipRule[];
}

/** Where survivorship says nothing: the most trusted source, and in it the latest word. */
export const usual: readonly SurvivorshipRule[] = ["trust", "most_recent"];

/** Every trait belongs to one subject; a bundle takes its traits away from the default. */
export function subjectsOf(config: Pick<IdentityConfig, "sources" | "survivorship">): readonly Subject[] {
  const { survivorship } = config;
  const bundles = survivorship.filter(({ bundle }) => bundle.length > 0);
  const own = new Map<string, Survivorship>(survivorship.map((each) => [each.name, each]));
  const bundled = new Set(bundles.flatMap(({ bundle }) => bundle));
  const order = own.get("default")?.order ?? usual;
  return [
    ...bundles.map(({ name, bundle, order: rules }) => ({ name, traits: bundle, order: rules })),
    ...identityTraits(config)
      .filter((trait) => !bundled.has(trait))
      .map((trait) => ({ name: trait, traits: [trait], order: own.get(trait)?.order ?? order })),
  ];
}

/** A namespace with a column in the golden record is a subject like a trait, by rules of its own or those of the default. */
export function identifierSubjects(
  config: Pick<IdentityConfig, "namespaces" | "sources" | "survivorship">,
): readonly Subject[] {
  const orderOf = (name: string) => config.survivorship.find((each) => each.name === name)?.order;
  return goldenNamespaces(config).map((name) => ({
    name,
    traits: [name],
    order: orderOf(name) ?? orderOf("default") ?? usual,
  }));
}

/** Namespaces with a column in the golden record; a trait of the same name stands for its namespace. */
export function goldenNamespaces(config: Pick<IdentityConfig, "namespaces" | "sources">): string[] {
  const traits = new Set(identityTraits(config));
  return config.namespaces.map(({ name }) => name).filter((name) => !traits.has(name));
}
