import { type IdentityConfig, namespaceColumns } from "../core/identity.ts";

/** What the macros of `sql/macros/identity` are told: plain data, written into `identity_resolution`'s config. */
export function declaration(config: IdentityConfig): Readonly<Record<string, unknown>> {
  // Verified namespaces anchor before all others, then priority decides.
  const strength = [...config.namespaces].sort((a, b) => Number(b.verified) - Number(a.verified));
  return {
    namespaces: config.namespaces.map((namespace, i) => ({
      name: namespace.name,
      ns: i + 1,
      strength: strength.indexOf(namespace) + 1,
      unique: namespace.unique,
      verified: namespace.verified,
      columns: namespaceColumns(config, namespace.name),
      limits: namespace.limits.map(({ namespace: other, most, withinSeconds }) => ({
        namespace: other,
        most,
        within_seconds: withinSeconds,
      })),
    })),
    sources: config.sources.map(({ name, confidence, traits }) => ({
      name,
      confidence,
      // Records of a source with traits describe people: they are nodes of their own.
      node: Object.keys(traits).length > 0,
    })),
    blocked: config.blocked.map(({ namespace, values, patterns }) => ({ namespace, values, patterns })),
    guards: {
      learn_blocked_above: config.guards.learnBlockedAbove,
      max_cluster: config.guards.maxCluster,
      strong_from: config.guards.strongFrom,
      limited: config.guards.limited,
      brake_merges: config.guards.brake.merges,
      brake_largest: config.guards.brake.largest,
    },
    matching:
      config.matching === null
        ? null
        : { threshold: config.matching.threshold, recut_above: config.matching.recutAbove },
  };
}
